// When a plan strikes.
#include "faults/fault_injector.hpp"

#include <gmock/gmock.h>

#include "test_card.hpp"

namespace redbolt::emulator::test {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

class FaultInjectorTest : public ::testing::Test {
 protected:
  // At which of `opportunities` the plan strikes, counted from 1.
  std::vector<int> hits(const char* plan, int opportunities, FaultKind kind,
                        std::uint32_t target = 0, std::uint64_t seed = 1) {
    FaultInjector faults(counters_, {});
    faults.add(parse_fault_plan(plan), seed);
    std::vector<int> result;
    for (int i = 1; i <= opportunities; ++i) {
      if (faults.strikes(kind, target)) result.push_back(i);
    }
    return result;
  }
  CounterRegistry counters_;
};

TEST_F(FaultInjectorTest, Counts) {
  EXPECT_THAT(hits("hang-wave@n=3", 9, FaultKind::hang_wave), ElementsAre(3));
  EXPECT_THAT(hits("hang-wave@n=3:times=2", 9, FaultKind::hang_wave), ElementsAre(3, 4));
  EXPECT_THAT(hits("hang-wave@n=2;hang-wave@n=4", 9, FaultKind::hang_wave), ElementsAre(2, 4));
  EXPECT_THAT(hits("hang-wave", 3, FaultKind::hang_wave), ElementsAre(1, 2, 3));
  EXPECT_THAT(hits("hang-wave:times=1", 3, FaultKind::hang_wave), ElementsAre(1));
  EXPECT_THAT(hits("hang-wave@boot", 3, FaultKind::hang_wave), ElementsAre(1));
  EXPECT_THAT(hits("hang-wave@1000s", 3, FaultKind::hang_wave), ElementsAre());
  EXPECT_THAT(hits("hang-wave", 3, FaultKind::drop_fence), ElementsAre());
  EXPECT_EQ(counters_.snapshot()["faults_injected"], 10u);
  EXPECT_EQ(counters_.snapshot()["fault_hang_wave"], 10u);
}

TEST_F(FaultInjectorTest, TargetsCountByThemselves) {
  FaultInjector faults(counters_, {});
  faults.add(parse_fault_plan("drop-fence=sdma@n=2"), 1);
  EXPECT_FALSE(faults.strikes(FaultKind::drop_fence, fence_compute));
  EXPECT_FALSE(faults.strikes(FaultKind::drop_fence, fence_sdma));
  EXPECT_FALSE(faults.strikes(FaultKind::drop_fence, fence_compute));
  EXPECT_TRUE(faults.strikes(FaultKind::drop_fence, fence_sdma));
}

TEST_F(FaultInjectorTest, ASeedGivesTheSameStrikesAgain) {
  const auto once = hits("hang-wave:p=0.1;seed=7", 2000, FaultKind::hang_wave);
  EXPECT_THAT(hits("hang-wave:p=0.1;seed=7", 2000, FaultKind::hang_wave), ElementsAreArray(once));
  EXPECT_THAT(hits("hang-wave:p=0.1", 2000, FaultKind::hang_wave, 0, 7), ElementsAreArray(once));
  EXPECT_NE(hits("hang-wave:p=0.1;seed=8", 2000, FaultKind::hang_wave), once);
  // Binomial, 2000 draws of 0.1: 200 with a deviation of 13.4; six of them are allowed.
  EXPECT_NEAR(static_cast<double>(once.size()), 200, 80);
  // Other clauses do not disturb the draws.
  EXPECT_THAT(
      hits("hang-wave:p=0.1;drop-fence:p=0.5;hang-wave@9999s;seed=7", 2000, FaultKind::hang_wave),
      ElementsAreArray(once));
}

TEST_F(FaultInjectorTest, ATimeHoldsBackUntilItIsThere) {
  const auto begin = std::chrono::steady_clock::now();
  FaultInjector faults(counters_, {});
  faults.add(parse_fault_plan("hang-wave@30ms"), 1);
  ASSERT_TRUE(eventually([&] { return faults.strikes(FaultKind::hang_wave).has_value(); }));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(30));
  EXPECT_FALSE(faults.strikes(FaultKind::hang_wave));
}

TEST_F(FaultInjectorTest, StopsBeforeAnEventThatIsFarOff) {
  FaultInjector faults(counters_, {.unplug = [] { FAIL(); }, .plug_in = [] { FAIL(); }});
  faults.add(parse_fault_plan("unplug@1000s+1s"), 1);
}

// The cable: by time, and by doorbells.
TEST(CableFaults, UnplugAtATimeAndBack) {
  CardOptions options = small_card();
  options.faults = parse_fault_plan("unplug@20ms+50ms");
  TestCard card(options);
  EXPECT_EQ(card.config(0, 2), 0x1002u);
  ASSERT_TRUE(eventually([&] { return !card.function->is_present(); }));
  EXPECT_EQ(card.config(0, 4), 0xffffffffu);
  EXPECT_EQ(card.read(0xde3), 0xffffffffu);
  EXPECT_EQ(card.read_vram32(0), 0xffffffffu);
  ASSERT_TRUE(eventually([&] { return card.function->is_present(); }));
  EXPECT_EQ(card.config(0, 2), 0x1002u);
  EXPECT_EQ(card.counter("fault_unplug"), 1u);
}

TEST(CableFaults, UnplugAtTheThirdDoorbell) {
  CardOptions options = small_card();
  options.faults = parse_fault_plan("unplug@n=3");
  TestCard card(options);
  const auto ring = [&] { card.function->write64(pci::Bar::k2, pci::BarOffset(0x18), 1); };
  ring();
  ring();
  EXPECT_TRUE(card.function->is_present());
  EXPECT_EQ(card.counter("fault_unplug"), 0u);
  ring();
  EXPECT_TRUE(eventually([&] { return !card.function->is_present(); }));
}

TEST(CableFaults, APlanCanBeAddedLater) {
  TestCard card;
  card.card.inject(parse_fault_plan("unplug@boot+1ms"));
  EXPECT_TRUE(eventually([&] { return card.counter("fault_unplug") == 1; }));
  EXPECT_TRUE(eventually([&] { return card.function->is_present(); }));
}

}  // namespace
}  // namespace redbolt::emulator::test
