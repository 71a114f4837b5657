// What a fault plan does to queues and interrupts.
#include "compute_queue_test.hpp"

namespace redbolt::emulator::testing {
namespace {

constexpr std::uint32_t interrupt_on_write = 1u << 29 | 2u << 24;

class HangWave : public MecTest {
 protected:
  HangWave() : MecTest("hang-wave@n=2") {}
};

TEST_F(HangWave, KeepsItsQueueUntilTheWavesAreReset) {
  load(store_program);
  activate();
  submit(dispatch(data, 1) + release(data + 64, 1));
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.load32(data + 64), 1u);
  submit(dispatch(data, 2) + release(data + 64, 2));
  ASSERT_TRUE(eventually([&] { return card.counter("fault_hang_wave") == 1; }));
  card.write(gc::CP_HQD_DEQUEUE_REQUEST, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_TRUE(is_active());
  EXPECT_EQ(card.load32(data + 64), 1u);
  reset_queue();
  EXPECT_TRUE(ends());

  card.store64(poll, 0);
  written_ = 0;
  activate();
  submit(dispatch(data, 3) + release(data + 64, 3));
  EXPECT_TRUE(eventually([&] { return card.load32(data + 64) == 3; }));
}

class DropFence : public MecTest {
 protected:
  DropFence() : MecTest("drop-fence@n=2") {}
};

TEST_F(DropFence, LosesTheWriteAndTheInterrupt) {
  InterruptRing interrupts(card);
  activate();
  submit(release(data, 1, interrupt_on_write, 1) + release(data, 2, interrupt_on_write, 2) +
         release(data + 4, 3, interrupt_on_write, 3));
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.load32(data), 1u);
  EXPECT_EQ(card.load32(data + 4), 3u);
  ASSERT_TRUE(interrupts.wait_for(2));
  EXPECT_EQ(interrupts.entry(0)[4], 1u);
  EXPECT_EQ(interrupts.entry(1)[4], 3u);
  EXPECT_EQ(card.counter("fault_drop_fence"), 1u);
}

class DelayFence : public MecTest {
 protected:
  DelayFence() : MecTest("delay-fence=compute:ms=40:times=1;delay-fence@n=2+1000s") {}
};

TEST_F(DelayFence, HoldsTheQueueUpAndCanBeReset) {
  activate();
  const auto begin = std::chrono::steady_clock::now();
  submit(release(data, 1));
  ASSERT_TRUE(eventually([&] { return card.load32(data) == 1; }));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(40));
  submit(release(data, 2));
  ASSERT_TRUE(eventually([&] { return card.counter("fault_delay_fence") == 2; }));
  reset_queue();
  EXPECT_TRUE(ends());
  EXPECT_EQ(card.load32(data), 1u);
}

// Fences of the copy engines are targets of their own.
class DropSdmaFence : public MecTest {
 protected:
  DropSdmaFence() : MecTest("drop-fence=sdma@n=2") {}

  // Ring 0 of SDMA0, 256 dwords, as the reference boot programs it; the doorbell's value counts.
  void submit_to_sdma(const std::vector<std::uint32_t>& words) {
    const std::uint64_t sdma_ring = page + 0x180000;
    card.put(sdma_ring, words);
    card.write(gc::SDMA0_QUEUE0_RB_BASE, low(sdma_ring >> 8));
    card.write(gc::SDMA0_QUEUE0_RB_BASE_HI, high(sdma_ring >> 8));
    card.write(gc::SDMA0_QUEUE0_DOORBELL_OFFSET, 0x800);
    card.write(gc::SDMA0_QUEUE0_DOORBELL, 0x10000000);
    card.write(gc::SDMA0_QUEUE0_RB_CNTL, 1 | 8 << 1);
    card.state().ring_doorbell(0x800, words.size() * 4, 8);
  }
};

TEST_F(DropSdmaFence, LeavesComputeAlone) {
  activate();
  submit(release(data, 1) + release(data + 4, 2));
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.load32(data + 4), 2u);
  const auto fence = [](std::uint64_t target, std::uint32_t value) {
    return std::vector<std::uint32_t>{0x30005, low(target), high(target), value};
  };
  submit_to_sdma(fence(data + 8, 3) + fence(data + 12, 4) + fence(data + 16, 5));
  ASSERT_TRUE(eventually([&] { return card.load32(data + 16) == 5; }));
  EXPECT_EQ(card.load32(data + 8), 3u);
  EXPECT_EQ(card.load32(data + 12), 0u);
  EXPECT_EQ(card.counter("fault_drop_fence"), 1u);
}

class CorruptInterrupt : public MecTest {
 protected:
  CorruptInterrupt() : MecTest("corrupt-interrupt@n=2;seed=3") {}
};

TEST_F(CorruptInterrupt, FlipsBitsOfOneEntry) {
  InterruptRing interrupts(card);
  activate();
  constexpr std::uint32_t only_interrupt = 1u << 24;
  for (std::uint32_t i = 0; i < 3; ++i) {
    submit(release(data, 0, only_interrupt, 0x77));
    ASSERT_TRUE(interrupts.wait_for(i + 1));
  }
  // All but the two words of the time must agree.
  const auto differ = [&](std::uint32_t a, std::uint32_t b) {
    const auto first = interrupts.entry(a), second = interrupts.entry(b);
    int words = 0;
    for (const std::size_t i : {0u, 3u, 4u, 5u, 6u, 7u}) words += first[i] != second[i] ? 1 : 0;
    return words;
  };
  EXPECT_EQ(differ(0, 2), 0);
  EXPECT_EQ(card.counter("fault_corrupt_interrupt"), 1u);
  EXPECT_EQ(differ(0, 1), 1);
}

}  // namespace
}  // namespace redbolt::emulator::testing
