// SDMA rings from registers to memory.
#include "blocks/sdma.hpp"

#include <gtest/gtest.h>

#include "queue_card.hpp"

namespace redbolt::emulator::testing {
namespace {

constexpr std::uint64_t page = QueueCard::va_base + QueueCard::mapped_from;
constexpr std::uint64_t ring = page + 0x100000;
constexpr std::uint64_t poll = page + 0x38;
constexpr std::uint64_t report = page + 0x80;
constexpr std::uint64_t data = page + 0x10000;

std::uint32_t low(std::uint64_t address) {
  return static_cast<std::uint32_t>(address);
}
std::uint32_t high(std::uint64_t address) {
  return static_cast<std::uint32_t>(address >> 32);
}

class SdmaEngineTest : public ::testing::Test {
 protected:
  SdmaEngineTest() { card.clear(page, 0x20000); }

  // As the reference boot programs SDMA0 queue 0 (boot_order_gfx1100.md, 15), with a smaller ring.
  void enable(std::uint64_t base = ring, std::uint32_t log2_dwords = 8, RegisterAddress move = 0) {
    log2_dwords_ = log2_dwords;
    const auto write = [&](const registers::Register& r, std::uint32_t value) {
      card.registers().write(address_of(r) + move, value);
    };
    write(gc::SDMA0_QUEUE0_MINOR_PTR_UPDATE, 1);
    write(gc::SDMA0_QUEUE0_RB_RPTR, 0);
    write(gc::SDMA0_QUEUE0_RB_RPTR_HI, 0);
    write(gc::SDMA0_QUEUE0_RB_WPTR, 0);
    write(gc::SDMA0_QUEUE0_RB_WPTR_HI, 0);
    write(gc::SDMA0_QUEUE0_RB_BASE, low(base >> 8));
    write(gc::SDMA0_QUEUE0_RB_BASE_HI, high(base >> 8));
    write(gc::SDMA0_QUEUE0_RB_RPTR_ADDR_LO, low(report));
    write(gc::SDMA0_QUEUE0_RB_RPTR_ADDR_HI, high(report));
    write(gc::SDMA0_QUEUE0_RB_WPTR_POLL_ADDR_LO, low(poll));
    write(gc::SDMA0_QUEUE0_RB_WPTR_POLL_ADDR_HI, high(poll));
    write(gc::SDMA0_QUEUE0_DOORBELL_OFFSET, 0x800);
    write(gc::SDMA0_QUEUE0_DOORBELL, 0x10000000);
    write(gc::SDMA0_QUEUE0_MINOR_PTR_UPDATE, 0);
    write(gc::SDMA0_QUEUE0_RB_CNTL, 0x841801 | log2_dwords << 1);
    write(gc::SDMA0_QUEUE0_IB_CNTL, 1);
    card.write(gc::SDMA0_CNTL, 1);
  }
  void submit(const std::vector<std::uint32_t>& words) {
    for (const std::uint32_t word : words) {
      card.store32(ring + (written_++ % (1u << log2_dwords_)) * 4, word);
    }
    card.store64(poll, written_ * 4);
    card.state().ring_doorbell(0x800, written_ * 4, 8);
  }
  bool drained() {
    return eventually([&] { return card.load64(report) == written_ * 4; });
  }

  QueueCard card;
  std::uint32_t log2_dwords_ = 8;
  std::uint64_t written_ = 0;
};

TEST_F(SdmaEngineTest, CopyAndFence) {
  enable();
  card.store64(data, 0x1122334455667788);
  submit({0x1, 7, 0, low(data), high(data), low(data + 64), high(data), 0x30005, low(data + 128),
          high(data), 5});
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.load64(data + 64), 0x1122334455667788u);
  EXPECT_EQ(card.load32(data + 128), 5u);
  EXPECT_EQ(card.counter("sdma_bytes"), 8u);
  EXPECT_EQ(card.counter("sdma_fences"), 1u);
  EXPECT_EQ(card.read(gc::SDMA0_QUEUE0_RB_RPTR), 44u);
}

TEST_F(SdmaEngineTest, RingWrapsManyTimes) {
  enable(ring, 6);
  for (std::uint32_t i = 1; i <= 100; ++i) {
    submit({0x30005, low(data), high(data), i, 0x00000000});
    ASSERT_TRUE(drained());
    ASSERT_EQ(card.load32(data), i);
  }
  EXPECT_EQ(written_, 500u);
}

TEST_F(SdmaEngineTest, WaitIsResumedByAPlainStore) {
  enable();
  submit({0xd0000008, low(data), high(data), 3, 0xffffffff, 0x0fff0004, 0x30005, low(data + 8),
          high(data), 1});
  // The read pointer tells that the wait has begun.
  ASSERT_TRUE(eventually([&] { return card.load64(report) == 24; }));
  EXPECT_EQ(card.load32(data + 8), 0u);
  card.store32(data, 3);
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.load32(data + 8), 1u);
}

TEST_F(SdmaEngineTest, TrapRaisesAnInterrupt) {
  InterruptRing interrupts(card);
  enable();
  submit({0x6, 0x123});
  ASSERT_TRUE(interrupts.wait_for(1));
  EXPECT_EQ(interrupts.entry(0)[0] & 0xffffff, 10u | 49u << 8);
  EXPECT_EQ(interrupts.entry(0)[4], 0x123u);
}

TEST_F(SdmaEngineTest, UnmappedRingDoesNotStart) {
  InterruptRing interrupts(card);
  enable(QueueCard::va_base + 0x40000000);
  EXPECT_NE(card.read(gc::GCVM_L2_PROTECTION_FAULT_STATUS), 0u);
  EXPECT_EQ(card.counter("sdma_queue_halts"), 1u);
  EXPECT_NE(
      gc::SDMA0_QUEUE0_CONTEXT_STATUS.exception.of(card.read(gc::SDMA0_QUEUE0_CONTEXT_STATUS)), 0u);
  ASSERT_TRUE(interrupts.wait_for(1));
}

TEST_F(SdmaEngineTest, BadPacketHaltsUntilReset) {
  card.write(gc::SDMA0_WATCHDOG_CNTL, 0x64);
  InterruptRing interrupts(card);
  enable();
  submit({0x7f, 0x30005, low(data), high(data), 1});
  ASSERT_TRUE(interrupts.wait_for(1));
  EXPECT_EQ(interrupts.entry(0)[0] >> 8 & 0xff, 55u);  // SDMA_QUEUE_HANG
  EXPECT_EQ(card.load32(data), 0u);

  card.write(gc::GRBM_SOFT_RESET, 0x800000);
  card.write(gc::GRBM_SOFT_RESET, 0);
  EXPECT_EQ(card.read(gc::SDMA0_QUEUE0_RB_CNTL), 0u);
  written_ = 0;
  card.store64(poll, 0);
  enable();
  submit({0x30005, low(data), high(data), 2});
  ASSERT_TRUE(eventually([&] { return card.load32(data) == 2; }));
}

// SRBM_WRITE to GRBM_SOFT_RESET: the ring ends in the middle of its own packet.
TEST_F(SdmaEngineTest, ARingMayResetItsOwnEngine) {
  for (std::uint32_t round = 1; round <= 10; ++round) {
    enable();
    submit({0xf000000e, address_of(gc::GRBM_SOFT_RESET), 0x800000, 0x30005, low(data), high(data),
            round});
    ASSERT_TRUE(eventually([&] { return card.read(gc::SDMA0_QUEUE0_RB_CNTL) == 0; }));
    // The ring's reset may still be under way; this one waits for it.
    card.write(gc::GRBM_SOFT_RESET, 0x800000);
    card.write(gc::GRBM_SOFT_RESET, 0);
    written_ = 0;
    card.store64(poll, 0);
    EXPECT_NE(card.load32(data), round);
    enable();
    submit({0x30005, low(data), high(data), 0x100 + round});
    ASSERT_TRUE(eventually([&] { return card.load32(data) == 0x100 + round; }));
    card.write(gc::GRBM_SOFT_RESET, 0x800000);
    card.write(gc::GRBM_SOFT_RESET, 0);
    written_ = 0;
    card.store64(poll, 0);
  }
}

TEST_F(SdmaEngineTest, HaltedEngineHoldsItsWork) {
  card.write(gc::SDMA0_F32_CNTL, 1);
  enable();
  submit({0x30005, low(data), high(data), 1});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(card.load32(data), 0u);
  card.write(gc::SDMA0_F32_CNTL, 0);
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.load32(data), 1u);
}

TEST_F(SdmaEngineTest, DisablingEndsAWait) {
  enable();
  submit({0xd0000008, low(data), high(data), 3, 0xffffffff, 0x0fff0004});
  ASSERT_TRUE(eventually([&] { return card.load64(report) == 24; }));
  card.write(gc::SDMA0_QUEUE0_RB_CNTL, 0x841800);
  written_ = 0;
  card.store64(poll, 0);
  card.store64(report, 0);
  enable();
  submit({0x30005, low(data + 8), high(data), 7});
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.load32(data + 8), 7u);
}

TEST_F(SdmaEngineTest, DoorbellsOfOtherPlacesAreNotItsOwn) {
  enable();
  card.store32(ring, 0x30005);
  card.state().ring_doorbell(0x808, 16, 8);
  EXPECT_EQ(card.counter("doorbells_unclaimed"), 1u);
}

TEST_F(SdmaEngineTest, PollTimeoutInterrupt) {
  InterruptRing interrupts(card);
  enable();
  submit({0xb0000008, low(data), high(data), 3, 0xffffffff, 0x00030004});
  ASSERT_TRUE(interrupts.wait_for(1));
  EXPECT_EQ(interrupts.entry(0)[0] >> 8 & 0xff, 57u);
}

// Each of the four rings works; rings of one engine are 0x58 registers apart, engines 0x600.
TEST_F(SdmaEngineTest, AllRings) {
  for (const RegisterAddress move : {0x0u, 0x58u, 0x600u, 0x658u}) {
    enable(ring, 8, move);
    written_ = 0;
    submit({0x30005, low(data), high(data), 0x1000 + move});
    ASSERT_TRUE(eventually([&] { return card.load32(data) == 0x1000 + move; })) << move;
    card.registers().write(address_of(gc::SDMA0_QUEUE0_DOORBELL) + move, 0);
  }
}

TEST_F(SdmaEngineTest, DestructionWithAHangingWait) {
  enable();
  submit({0xd0000008, low(data), high(data), 3, 0xffffffff, 0x0fff0004});
  ASSERT_TRUE(eventually([&] { return card.load64(report) == 24; }));
}

}  // namespace
}  // namespace redbolt::emulator::testing
