// Compute queues from registers to waves and back.
#include "compute_queue_test.hpp"

namespace redbolt::emulator::testing {
namespace {

TEST_F(MecTest, DispatchThenFence) {
  load(store_program);
  activate();
  ASSERT_TRUE(is_active());
  submit(dispatch(data, 0xcafe) + release(data + 64, 3));
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.load32(data), 0xcafeu);
  EXPECT_EQ(card.load32(data + 64), 3u);
  EXPECT_EQ(card.read(gc::CP_HQD_PQ_RPTR), written_);
  EXPECT_EQ(card.counter("dispatches"), 1u);
  EXPECT_EQ(card.counter("waves"), 1u);
  EXPECT_EQ(card.counter("doorbells"), 1u);
  EXPECT_EQ(card.counter("compute_fences"), 1u);
  EXPECT_EQ(card.counter("pm4_DISPATCH_DIRECT"), 1u);
}

TEST_F(MecTest, ManyDispatchesInAnIndirectBuffer) {
  load(store_program);
  activate();
  std::vector<std::uint32_t> words;
  for (std::uint32_t i = 0; i < 200; ++i) words = words + dispatch(data + 4 * i, i + 1);
  card.put(buffer, words);
  submit(std::vector<std::uint32_t>{0xc0023f00, low(buffer), high(buffer),
                                    static_cast<std::uint32_t>(words.size()) | 1u << 23} +
         release(data + 4096, 1));
  ASSERT_TRUE(drained());
  for (std::uint32_t i = 0; i < 200; ++i) EXPECT_EQ(card.load32(data + 4 * i), i + 1);
  EXPECT_EQ(card.counter("pm4_INDIRECT_BUFFER"), 1u);
  EXPECT_EQ(card.counter("dispatches"), 200u);
}

TEST_F(MecTest, RingWrapsManyTimes) {
  activate();
  for (std::uint32_t i = 1; i <= 300; ++i) {
    submit(release(data, i) + std::vector<std::uint32_t>{0xc0051000, 0, 0, 0, 0, 0, 0});
    ASSERT_TRUE(drained());
    ASSERT_EQ(card.load32(data), i);
  }
  EXPECT_GT(written_, 4 * ring_dwords);
}

TEST_F(MecTest, UnmappedRingIsRefused) {
  InterruptRing interrupts(card);
  activate(QueueCard::va_base + 0x40000000);
  EXPECT_FALSE(is_active());
  EXPECT_NE(card.read(gc::GCVM_L2_PROTECTION_FAULT_STATUS), 0u);
  EXPECT_EQ(gc::CP_HQD_ERROR.pq_utcl1_error.of(card.read(gc::CP_HQD_ERROR)), 1u);
  EXPECT_TRUE(interrupts.wait_for(1));
  ASSERT_TRUE(eventually([&] { return !reasons().empty(); }));
  ASSERT_EQ(reasons().size(), 1u);
  activate();
  EXPECT_TRUE(is_active());
}

TEST_F(MecTest, PipeThatIsNotActiveHoldsItsQueues) {
  card.write(gc::CP_MEC_RS64_CNTL, 0);
  activate();
  submit(release(data, 1));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(card.load32(data), 0u);
  card.write(gc::CP_MEC_RS64_CNTL, 0x4000000);
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.load32(data), 1u);
}

TEST_F(MecTest, WithoutFirmwareNothingRuns) {
  card.registers().poke(address_of(gc::RLC_RLCS_BOOTLOAD_STATUS), 0);
  card.write(gc::CP_MEC_RS64_CNTL, 0x4000000);
  activate();
  submit(release(data, 1));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(card.load32(data), 0u);
}

TEST_F(MecTest, PipeResetEndsItsQueues) {
  activate();
  submit(wait_equal(data, 1));
  card.write(gc::CP_MEC_RS64_CNTL, 0x4010000);
  EXPECT_TRUE(ends());
}

TEST_F(MecTest, SoftResetEndsQueues) {
  activate();
  submit(wait_equal(data, 1));
  card.write(gc::GRBM_SOFT_RESET, 0x40001);
  card.write(gc::GRBM_SOFT_RESET, 0);
  EXPECT_TRUE(ends());
}

TEST_F(MecTest, WithoutComputeUnitsNoWaveStarts) {
  load(store_program);
  activate(ring, 0);
  submit(dispatch(data, 1) + release(data + 64, 1));
  ASSERT_TRUE(eventually([&] { return !reasons().empty(); }));
  EXPECT_NE(reasons()[0].find("COMPUTE_STATIC_THREAD_MGMT"), std::string::npos);
  EXPECT_EQ(card.load32(data + 64), 0u);
  EXPECT_TRUE(is_active());
}

TEST_F(MecTest, BadOpcode) {
  InterruptRing interrupts(card);
  activate();
  submit({0xc0000300, 0});
  ASSERT_TRUE(interrupts.wait_for(1));
  EXPECT_EQ(interrupts.entry(0)[0], 20u | 183u << 8 | 0x04u << 16);
  EXPECT_TRUE(is_active());
  reset_queue();
  EXPECT_TRUE(ends());
}

// What software sends: bits 23:0 of M0, with encoding 1 ("wave") in bits 7:6 of context 1.
TEST_F(MecTest, MessagesOfWavesAreInterrupts) {
  InterruptRing interrupts(card);
  const std::vector<std::uint32_t> program{
      0xbefd00ff, 0xab123456,  // s_mov_b32 m0, 0xab123456
      0xbfb60001,              // s_sendmsg sendmsg(MSG_INTERRUPT)
      0xbfb60003,              // s_sendmsg sendmsg(MSG_DEALLOC_VGPRS)
      0xbfb00000,              // s_endpgm
  };
  card.put(code, program);
  activate();
  submit(dispatch(data, 0) + release(data, 1));
  ASSERT_TRUE(interrupts.wait_for(1));
  EXPECT_EQ(interrupts.entry(0)[0], 20u | 239u << 8 | 0x04u << 16);
  EXPECT_EQ(interrupts.entry(0)[4], 0x123456u);
  EXPECT_EQ(interrupts.entry(0)[5], 0x40u);
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.load32(data), 1u);
  EXPECT_EQ(card.counter("interrupts"), 1u);
}

TEST_F(MecTest, EndOfPipeInterrupt) {
  InterruptRing interrupts(card);
  select(2);
  activate();
  submit(release(data, 1, 1u << 29 | 2u << 24, 0xabcd));
  ASSERT_TRUE(interrupts.wait_for(1));
  EXPECT_EQ(interrupts.entry(0)[0], 20u | 181u << 8 | 0x24u << 16);
  EXPECT_EQ(interrupts.entry(0)[4], 0xabcdu);
  EXPECT_EQ(card.load32(data), 1u);
}

TEST_F(MecTest, IllegalInstruction) {
  InterruptRing interrupts(card);
  load({0xffffffff});
  activate();
  submit(dispatch(data, 1) + release(data, 1));
  ASSERT_TRUE(interrupts.wait_for(1));
  const auto entry = interrupts.entry(0);
  EXPECT_EQ(entry[0] & 0xffff, 20u | 239u << 8);
  EXPECT_EQ(entry[4] >> 21 & 0xf, 1u);
  EXPECT_EQ(entry[5] >> 6 & 3, 2u);
  EXPECT_EQ(card.load32(data), 0u);
  EXPECT_TRUE(is_active());
  reset_queue();
  EXPECT_TRUE(ends());
}

TEST_F(MecTest, WaveThatTouchesUnmappedMemory) {
  InterruptRing interrupts(card);
  load(store_program);
  activate();
  const std::uint64_t unmapped = QueueCard::va_base + 0x50000000;
  submit(dispatch(unmapped, 1) + release(data, 1));
  ASSERT_TRUE(interrupts.wait_for(2));
  EXPECT_EQ(interrupts.entry(0)[4], low(unmapped >> 12));
  const auto entry = interrupts.entry(1);
  EXPECT_EQ(entry[0] & 0xffff, 20u | 239u << 8);
  EXPECT_EQ(entry[4] >> 21 & 0xf, 2u);
  EXPECT_EQ(card.read(gc::GCVM_L2_PROTECTION_FAULT_ADDR_LO32), low(unmapped >> 12));
  EXPECT_EQ(card.load32(data), 0u);
}

TEST_F(MecTest, EndlessWaveKeepsItsQueueUntilReset) {
  load(endless_program);
  activate();
  submit(dispatch(data, 1) + release(data, 1));
  ASSERT_TRUE(eventually([&] { return card.counter("dispatches") == 1; }));
  card.write(gc::CP_HQD_DEQUEUE_REQUEST, 1);  // drain: waits for the wave
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_TRUE(is_active());
  reset_queue();
  EXPECT_TRUE(ends());
  EXPECT_EQ(card.load32(data), 0u);

  load(store_program);
  card.store64(poll, 0);
  written_ = 0;
  activate();
  submit(dispatch(data, 7) + release(data + 4, 1));
  ASSERT_TRUE(eventually([&] { return card.load32(data + 4) == 1; }));
  EXPECT_EQ(card.load32(data), 7u);
}

TEST_F(MecTest, OtherQueuesWorkBesideAnEndlessWave) {
  constexpr std::uint32_t other_doorbell = 0x20;
  load(endless_program);
  activate();
  submit(dispatch(data, 1));
  ASSERT_TRUE(eventually([&] { return card.counter("dispatches") == 1; }));
  select(1);
  const std::uint64_t second_ring = ring + 0x10000;
  const std::uint64_t second_code = code + 0x1000;
  card.put(second_code, store_program);
  auto work = dispatch(data, 7) + release(data + 4, 1);
  work[2] = low(second_code >> 8);
  card.put(second_ring, work);
  card.store64(poll, work.size());
  activate(second_ring, 0xffffffff, other_doorbell);
  card.state().ring_doorbell(other_doorbell, work.size(), 8);
  ASSERT_TRUE(eventually([&] { return card.load32(data + 4) == 1; }));
  EXPECT_EQ(card.load32(data), 7u);
  select(0);
  EXPECT_TRUE(is_active());
  reset_queue();
  EXPECT_TRUE(ends());
  select(1);
  EXPECT_TRUE(is_active());
}

TEST_F(MecTest, CardGoesAwayWithAnEndlessWave) {
  load(endless_program);
  activate();
  submit(dispatch(data, 1));
  ASSERT_TRUE(eventually([&] { return card.counter("dispatches") == 1; }));
}

TEST_F(MecTest, WaitIsResumedByAStoreToHostMemory) {
  // One page of host memory, mapped by a 2 MiB neighbour's table of 4 KiB pages.
  auto host = card.state().host_pages().allocate(Bytes(4096), pci::Contiguity::any);
  card.state().host_pages().set_bus_mastering(true);
  const std::uint64_t signal = QueueCard::va_base + QueueCard::mapped_to;
  constexpr std::uint64_t table = QueueCard::tables + 0x10000;
  card.clear(QueueCard::va_base + table, 4096);
  card.store64(QueueCard::va_base + table, host->pages()[0].value() | 0x73);
  card.store64(QueueCard::va_base + QueueCard::tables + 0x2000 + (QueueCard::mapped_to >> 21) * 8,
               table | 1);

  activate();
  submit(wait_equal(signal, 5) + release(signal + 8, 6) + release(data, 1));
  ASSERT_TRUE(eventually([&] { return card.load64(report) == 7; }));
  EXPECT_EQ(card.load32(data), 0u);
  auto* const words = reinterpret_cast<std::uint32_t*>(host->data());
  __atomic_store_n(words, 5u, __ATOMIC_RELEASE);
  ASSERT_TRUE(drained());
  EXPECT_EQ(__atomic_load_n(words + 2, __ATOMIC_ACQUIRE), 6u);
}

TEST_F(MecTest, DequeueEndsAWait) {
  activate();
  submit(wait_equal(data, 1));
  ASSERT_TRUE(eventually([&] { return card.load64(report) == 7; }));
  card.write(gc::CP_HQD_DEQUEUE_REQUEST, 1);
  EXPECT_TRUE(ends());
}

TEST_F(MecTest, TwoQueuesWaitForEachOther) {
  constexpr std::uint32_t other_doorbell = 0x20;
  activate();
  submit(wait_equal(data, 1) + release(data + 4, 2));
  select(1);
  const std::uint64_t second_ring = ring + 0x10000;
  card.put(second_ring, release(data, 1) + wait_equal(data + 4, 2) + release(data + 8, 3));
  card.store64(poll, 23);
  activate(second_ring, 0xffffffff, other_doorbell);
  card.state().ring_doorbell(other_doorbell, 23, 8);
  EXPECT_TRUE(eventually([&] { return card.load32(data + 8) == 3; }));
}

TEST_F(MecTest, DoorbellOutsideTheRangeIsNotHeard) {
  card.write(gc::CP_MEC_DOORBELL_RANGE_UPPER, 0x10);
  activate();
  submit(release(data, 1));
  EXPECT_EQ(card.counter("doorbells_unclaimed"), 1u);
  card.write(gc::CP_MEC_DOORBELL_RANGE_UPPER, 0xf8);
  card.state().ring_doorbell(doorbell, written_, 8);
  EXPECT_TRUE(drained());
}

TEST_F(MecTest, WritePointerBeyondTheRingStopsTheQueue) {
  activate();
  card.store64(poll, ring_dwords + 1);
  card.state().ring_doorbell(doorbell, ring_dwords + 1, 8);
  EXPECT_TRUE(eventually([&] { return !reasons().empty(); }));
}

TEST_F(MecTest, RegisterPacketsReachTheCard) {
  activate();
  submit({0xc0017900, 0x47, 0xa0000008});  // SCRATCH_REG7
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.read(gc::SCRATCH_REG7), 0xa0000008u);
}

// packets_dispatch_and_copy.md: write GPU_HDP_FLUSH_REQ, wait for GPU_HDP_FLUSH_DONE.
TEST_F(MecTest, HdpFlushByWriteWaitWrite) {
  activate();
  submit(std::vector<std::uint32_t>{0xc0053c00, 0x45, 0xe26, 0xe27, 0xffffffff, 0xffffffff, 4} +
         release(data, 1));
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.load32(data), 1u);
}

// A host that activates queues, rings doorbells and resets queues without waiting for anything,
// while the card is reset under its hands. Nothing may hang, and afterwards the card works.
TEST_F(MecTest, ResetsWhileTheHostIsAtWork) {
  load(endless_program);
  std::atomic<bool> enough{false};
  std::thread host([&] {
    for (std::uint32_t round = 0; !enough; ++round) {
      select(round % 3);
      activate();
      const auto work = round % 2 == 0 ? dispatch(data, 1) : wait_equal(data, 1);
      card.put(ring, work);
      card.store64(poll, work.size());
      card.state().ring_doorbell(doorbell, work.size(), 8);
      if (round % 5 == 0) reset_queue();
      if (round % 7 == 0) card.write(gc::CP_HQD_ACTIVE, 0);
      if (round % 11 == 0) card.write(gc::CP_MEC_RS64_CNTL, 0x4010000);
      card.write(gc::CP_MEC_RS64_CNTL, 0x4000000);
    }
  });
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    card.state().bus_reset();
    card.program();
  }
  enough = true;
  host.join();

  card.state().bus_reset();
  card.program();
  prepare();
  load(store_program);
  activate();
  submit(dispatch(data, 5) + release(data + 4, 1));
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.load32(data), 5u);
}

}  // namespace
}  // namespace redbolt::emulator::testing
