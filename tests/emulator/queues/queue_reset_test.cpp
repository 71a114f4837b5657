// The ladder by which a card that hangs is recovered: the queue, the MEC, the whole card. At each
// rung: what ends, what does not, and that everything works again.
#include "compute_queue_test.hpp"

namespace redbolt::emulator::testing {
namespace {

constexpr auto a_while = std::chrono::milliseconds(20);
constexpr std::uint64_t kept = page + 0x300000;  // VRAM that nobody writes

class QueueResetTest : public MecTest {
 protected:
  QueueResetTest() { card.store64(kept, 0xfeedface); }

  void hang() {
    load(endless_program);
    activate();
    submit(dispatch(data, 1) + release(data, 1));
    ASSERT_TRUE(eventually([&] { return card.counter("dispatches") == 1; }));
  }
  void works_again() {
    select(0);
    load(store_program);
    card.store64(poll, 0);
    written_ = 0;
    activate();
    submit(dispatch(data, 7) + release(data + 4, 1));
    EXPECT_TRUE(eventually([&] { return card.load32(data + 4) == 1; }));
    EXPECT_EQ(card.load32(data), 7u);
  }
  bool stays_active() {
    std::this_thread::sleep_for(a_while);
    return is_active();
  }

  // A queue beside the one that hangs, with a ring and pointers of its own.
  struct Neighbour {
    std::uint32_t selection;  // GRBM_GFX_CNTL
    std::uint32_t doorbell;
    std::uint64_t ring, poll, report, fence;
    std::uint64_t written = 0;
  };
  Neighbour start_neighbour(std::uint32_t pipe, std::uint32_t queue, std::uint32_t bell) {
    const std::uint64_t at = page + 0x110000 + bell * 0x1000ull;
    Neighbour n{0x4 | pipe | queue << 8, bell, at, at + 0x800, at + 0x808, at + 0x900};
    card.clear(at, 0x1000);
    card.write(gc::GRBM_GFX_CNTL, n.selection);
    // 128 dwords; RPTR report, WPTR poll.
    mqd_changes = {{0x8b, low(n.report)}, {0x8d, low(n.poll)}, {0x91, 0x506}};
    card.write(gc::CP_MEC_RS64_CNTL, 0xf << 26);
    activate(n.ring, 0xffffffff, n.doorbell);
    mqd_changes.clear();
    select(0);
    return n;
  }
  bool answers(Neighbour& n, std::uint32_t value) {
    for (const std::uint32_t word : release(n.fence, value)) {
      card.store32(n.ring + n.written++ % 128 * 4, word);
    }
    card.store64(n.poll, n.written);
    card.state().ring_doorbell(n.doorbell, n.written, 8);
    return eventually(
        [&] { return card.load32(n.fence) == value && card.load64(n.report) == n.written; });
  }
};

TEST_F(QueueResetTest, ADrainDoesNotEndAHungWaveAndAWaveResetDoes) {
  Neighbour other = start_neighbour(0, 1, 0x30);
  hang();
  // Drain, and save without a trap handler that could.
  for (const std::uint32_t request : {1u, 3u}) {
    card.write(gc::CP_HQD_DEQUEUE_REQUEST, request);
    EXPECT_TRUE(stays_active()) << request;
  }
  EXPECT_TRUE(answers(other, 1));
  card.write(gc::CP_HQD_DEQUEUE_REQUEST, 2);
  EXPECT_TRUE(ends());
  EXPECT_EQ(card.read(gc::CP_HQD_DEQUEUE_REQUEST), 0u);
  EXPECT_EQ(card.load32(data), 0u);
  EXPECT_TRUE(answers(other, 2));
  EXPECT_EQ(card.load64(kept), 0xfeedfaceu);
  works_again();
}

TEST_F(QueueResetTest, WavesOfTheSelectedQueueAreReset) {
  Neighbour other = start_neighbour(0, 1, 0x30);
  hang();
  card.write(gc::SPI_COMPUTE_QUEUE_RESET, 1);
  EXPECT_TRUE(ends());
  EXPECT_EQ(card.read(gc::SPI_COMPUTE_QUEUE_RESET), 0u);
  EXPECT_TRUE(answers(other, 1));
  works_again();
}

TEST_F(QueueResetTest, AQueueThatStoppedAtAPacketCanBeDrained) {
  activate();
  submit({0xc0000300, 0});  // no such opcode
  ASSERT_TRUE(eventually([&] { return !reasons().empty(); }));
  EXPECT_TRUE(stays_active());
  card.write(gc::CP_HQD_DEQUEUE_REQUEST, 1);
  EXPECT_TRUE(ends());
  works_again();
}

TEST_F(QueueResetTest, AQueueWhoseWaveWasHaltedCannot) {
  load({0xffffffff});
  activate();
  submit(dispatch(data, 1));
  ASSERT_TRUE(eventually([&] { return !reasons().empty(); }));
  card.write(gc::CP_HQD_DEQUEUE_REQUEST, 1);
  EXPECT_TRUE(stays_active());
  card.write(gc::CP_HQD_DEQUEUE_REQUEST, 2);
  EXPECT_TRUE(ends());
  works_again();
}

TEST_F(QueueResetTest, APipeResetEndsThePipesQueuesAlone) {
  Neighbour same_pipe = start_neighbour(0, 1, 0x30);
  Neighbour other_pipe = start_neighbour(2, 0, 0x40);
  hang();
  card.write(gc::CP_MEC_RS64_CNTL, 0xf << 26 | 1 << 16);
  EXPECT_TRUE(ends());
  card.write(gc::GRBM_GFX_CNTL, same_pipe.selection);
  EXPECT_TRUE(ends());
  card.write(gc::CP_MEC_RS64_CNTL, 0xf << 26);
  EXPECT_TRUE(answers(other_pipe, 1));
  EXPECT_EQ(card.load64(kept), 0xfeedfaceu);
  works_again();
}

TEST_F(QueueResetTest, AHaltedMecKeepsItsQueuesAsTheyAre) {
  Neighbour other = start_neighbour(0, 1, 0x30);
  ASSERT_TRUE(answers(other, 1));
  card.write(gc::CP_MEC_RS64_CNTL, 0xf << 26 | 1 << 30);
  card.state().ring_doorbell(other.doorbell, other.written, 8);
  std::this_thread::sleep_for(a_while);
  card.write(gc::GRBM_GFX_CNTL, other.selection);
  EXPECT_TRUE(is_active());
  card.write(gc::CP_MEC_RS64_CNTL, 0xf << 26);
  EXPECT_TRUE(answers(other, 2));
}

TEST_F(QueueResetTest, ASoftResetOfTheCommandProcessorEndsAllQueues) {
  Neighbour other = start_neighbour(2, 0, 0x40);
  hang();
  card.write(gc::GRBM_SOFT_RESET, 0x40001);  // CP and CPC, as the reference's second client does
  card.write(gc::GRBM_SOFT_RESET, 0);
  EXPECT_TRUE(ends());
  card.write(gc::GRBM_GFX_CNTL, other.selection);
  EXPECT_TRUE(ends());
  EXPECT_EQ(card.load64(kept), 0xfeedfaceu);
  works_again();
}

// What a queue does at its end is done when the write that resets it returns.
TEST_F(QueueResetTest, NothingOfAQueueComesAfterItsReset) {
  constexpr std::uint32_t unhalted = 0xf << 26;
  load(endless_program);
  for (std::uint32_t round = 1; round <= 20; ++round) {
    written_ = 0;
    card.store64(poll, 0);
    activate();
    submit(release(data, round) + dispatch(data, 1));
    ASSERT_TRUE(eventually([&] { return card.counter("dispatches") == round; }));
    if (round % 2 == 0) {
      card.write(gc::GRBM_SOFT_RESET, 0x40001);
      card.write(gc::GRBM_SOFT_RESET, 0);
    } else {
      card.write(gc::CP_MEC_RS64_CNTL, unhalted | 1 << 16);
      card.write(gc::CP_MEC_RS64_CNTL, unhalted);
    }
    EXPECT_FALSE(is_active()) << round;
    card.write(gc::CP_HQD_PQ_RPTR, 0x5a0);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(card.read(gc::CP_HQD_PQ_RPTR), 0x5a0u) << round;
  }
  works_again();
}

// WRITE_DATA of 0 and then 1 to CP_HQD_ACTIVE: the packet's own queue ends and another takes its
// place, while the first one's thread still executes the packet.
TEST_F(QueueResetTest, AQueueMayActivateItsOwnSuccessor) {
  const std::vector<std::uint32_t> packet{0xc0043700, 1 << 16, address_of(gc::CP_HQD_ACTIVE),
                                          0,          0,       1};
  for (std::uint32_t round = 1; round <= 10; ++round) {
    written_ = 0;
    card.store64(poll, 0);
    card.store64(data, 0);
    load(endless_program);
    activate();
    submit(packet + release(data, round) + dispatch(data, 1));
    EXPECT_TRUE(eventually([&] { return card.load32(data) == round; }));
    card.write(gc::GRBM_SOFT_RESET, 0x40001);
    card.write(gc::GRBM_SOFT_RESET, 0);
    EXPECT_FALSE(is_active());
    works_again();
    reset_queue();
    ASSERT_TRUE(ends());
  }
}

// The debug mailbox (C2PMSG_75 = 2): everything goes, VRAM too.
TEST_F(QueueResetTest, Mode1EndsEverythingAndLosesVram) {
  hang();
  constexpr RegisterAddress debug_message = 0x1628b;
  card.registers().write(debug_message, 2);
  ASSERT_TRUE(eventually([&] { return card.counter("mode1_resets") == 1; }));
  ASSERT_TRUE(eventually([&] { return card.load64(kept) == 0; }));
  ASSERT_TRUE(eventually([&] { return card.state().responds(); }));
  EXPECT_FALSE(is_active());
  EXPECT_EQ(card.read(gc::GCVM_CONTEXT0_CNTL), 0u);
  card.program();
  prepare();
  works_again();
}

// What a driver reads to see whether a queue gets on: CP_HQD_PQ_RPTR stands behind the packet in
// progress, and CP_HQD_IB_* tell where in which buffer.
TEST_F(QueueResetTest, RegistersTellWhereAQueueStands) {
  load(endless_program);
  const auto words = release(data, 1) + dispatch(data, 1);
  card.put(buffer, words);
  activate();
  submit(release(data + 8, 1) +
         std::vector<std::uint32_t>{0xc0023f00, low(buffer), high(buffer),
                                    static_cast<std::uint32_t>(words.size()) | 1u << 23});
  ASSERT_TRUE(eventually([&] { return card.counter("dispatches") == 1; }));
  EXPECT_EQ(card.read(gc::CP_HQD_PQ_RPTR), written_);
  EXPECT_EQ(card.read(gc::CP_HQD_IB_BASE_ADDR), low(buffer));
  EXPECT_EQ(card.read(gc::CP_HQD_IB_BASE_ADDR_HI), high(buffer));
  EXPECT_EQ(card.read(gc::CP_HQD_IB_RPTR), words.size());
  const std::uint32_t control = card.read(gc::CP_HQD_IB_CONTROL);
  EXPECT_EQ(gc::CP_HQD_IB_CONTROL.ib_size.of(control), words.size());
  EXPECT_EQ(gc::CP_HQD_IB_CONTROL.processing_ib.of(control), 1u);
  reset_queue();
  ASSERT_TRUE(ends());
}

TEST_F(QueueResetTest, TheReadPointerMovesWithEachPacket) {
  activate();
  submit(release(data, 1) + wait_equal(data + 8, 1) + release(data, 2));
  ASSERT_TRUE(eventually([&] { return card.load32(data) == 1; }));
  ASSERT_TRUE(eventually([&] { return card.read(gc::CP_HQD_PQ_RPTR) == 8 + 7; }));
  card.store32(data + 8, 1);
  EXPECT_TRUE(eventually([&] { return card.read(gc::CP_HQD_PQ_RPTR) == 8 + 7 + 8; }));
}

TEST_F(QueueResetTest, DoorbellBeforeActivationIsRemembered) {
  // As a driver may: the registers first, then a doorbell, then CP_HQD_ACTIVE.
  activate();
  card.write(gc::CP_HQD_ACTIVE, 0);
  ASSERT_TRUE(ends());
  submit(release(data, 1));
  std::this_thread::sleep_for(a_while);
  EXPECT_EQ(card.load32(data), 0u);
  EXPECT_EQ(
      gc::CP_HQD_PQ_DOORBELL_CONTROL.doorbell_hit.of(card.read(gc::CP_HQD_PQ_DOORBELL_CONTROL)),
      1u);
  card.write(gc::CP_HQD_ACTIVE, 1);
  EXPECT_TRUE(eventually([&] { return card.load32(data) == 1; }));
  EXPECT_EQ(
      gc::CP_HQD_PQ_DOORBELL_CONTROL.doorbell_hit.of(card.read(gc::CP_HQD_PQ_DOORBELL_CONTROL)),
      0u);
}

TEST_F(QueueResetTest, WorkBetweenThePointersIsTakenUpOnActivation) {
  const auto words = release(data, 5);
  card.put(ring, words);
  card.store64(poll, words.size());
  mqd_changes = {{0xb6, static_cast<std::uint32_t>(words.size())}};  // CP_HQD_PQ_WPTR_LO
  activate();
  EXPECT_TRUE(eventually([&] { return card.load32(data) == 5; }));
}

// Pointers are 64 bits wide, CP_HQD_PQ_RPTR has 32: a queue goes on across the border.
TEST_F(QueueResetTest, PointersBeyond32Bits) {
  const std::uint64_t start = (1ull << 32) - 8;
  mqd_changes = {{0x8a, low(start)}, {0xb6, low(start)}, {0xb7, high(start)}};
  card.store64(poll, start);
  written_ = start;
  activate();
  for (std::uint32_t i = 1; i <= 4; ++i) {
    submit(release(data, i));
    ASSERT_TRUE(drained());
    ASSERT_EQ(card.load32(data), i);
  }
  EXPECT_GT(written_, 1ull << 32);
  EXPECT_EQ(card.read(gc::CP_HQD_PQ_WPTR_HI), 1u);
}

}  // namespace
}  // namespace redbolt::emulator::testing
