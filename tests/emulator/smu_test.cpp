// The power controller: messages and what they answer (card/smu_13_0_0_messages.csv, reference
// trace).
#include "boot_sequence.hpp"

namespace redbolt::emulator::test {
namespace {

constexpr std::uint32_t ok = 1, prerequisite = 253, unknown = 254, failed = 255;
constexpr std::uint32_t gfxclk = 0, socclk = 1, uclk = 2, fclk = 3;

class Smu : public ::testing::Test {
 protected:
  void load() {
    boot_.start_system();
    boot_.create_ring();
    ASSERT_EQ(boot_.load_firmware(18), 0u);
  }
  SmuReply say(std::uint32_t id, std::uint32_t argument = 0) {
    return smu_message(card_, id, argument);
  }

  TestCard card_;
  BootSequence boot_{card_};
};

TEST_F(Smu, AnswersTheBasicsWithoutItsImage) {
  EXPECT_EQ(say(1, 41).argument, 42u);  // TestMessage
  const SmuReply version = say(2);
  EXPECT_EQ(version.result, ok);
  EXPECT_EQ(version.argument >> 16 & 0xff, 78u);  // 78.x.y, as 7900 cards report
  EXPECT_EQ(say(6).result, prerequisite);
  EXPECT_EQ(say(31, uclk << 16).result, prerequisite);
}

TEST_F(Smu, DoesNotKnowEveryMessage) {
  load();
  EXPECT_EQ(say(0x55).result, unknown);
}

TEST_F(Smu, FeaturesCanBeSwitched) {
  load();
  EXPECT_EQ(say(12).argument, 0u);
  EXPECT_EQ(say(4, 0x0000ffff).result, ok);
  EXPECT_EQ(say(5, 0x1).result, ok);
  EXPECT_EQ(say(6).result, ok);
  EXPECT_EQ(say(12).argument, 0x0000ffffu);
  EXPECT_EQ(say(13).argument, 0x1u);
  EXPECT_EQ(say(7).result, ok);
  EXPECT_EQ(say(12).argument, 0u);
}

TEST_F(Smu, ListsItsClockLevels) {
  load();
  // As the reference trace lists them.
  const std::vector<std::pair<std::uint32_t, std::vector<std::uint32_t>>> clocks = {
      {uclk, {96, 456, 772, 1249}},
      {fclk, {500, 1124, 1800, 2000}},
      {socclk, {500, 960, 1200}},
      {gfxclk, {500, 1500, 2500}}};
  for (const auto& [clock, levels] : clocks) {
    EXPECT_EQ(say(31, clock << 16 | 0xff).argument, levels.size());
    for (std::uint32_t i = 0; i < levels.size(); ++i)
      EXPECT_EQ(say(31, clock << 16 | i).argument, levels[i]);
    EXPECT_EQ(say(31, clock << 16 | static_cast<std::uint32_t>(levels.size())).result, failed);
    EXPECT_EQ(say(29, clock << 16).argument, levels.front());
    EXPECT_EQ(say(30, clock << 16).argument, levels.back());
  }
  EXPECT_EQ(say(31, 13u << 16).result, failed);
}

TEST_F(Smu, LimitsAreHeldWithinTheLevels) {
  load();
  EXPECT_EQ(say(25, uclk << 16 | 1249).result, ok);
  EXPECT_EQ(say(26, uclk << 16 | 1249).result, ok);
  // Drivers lift a limit so (tinygrad, amdgpu).
  EXPECT_EQ(say(25, uclk << 16).result, ok);
  EXPECT_EQ(say(26, uclk << 16 | 0xffff).result, ok);
  EXPECT_EQ(say(25, 99u << 16 | 100).result, failed);
}

TEST_F(Smu, MetricsComeThroughMemory) {
  load();
  EXPECT_EQ(say(18, 5).result, failed);  // nobody said where to
  constexpr std::uint64_t table = 0x97000;
  EXPECT_EQ(say(14, static_cast<std::uint32_t>((mc_base + table) >> 32)).result, ok);
  EXPECT_EQ(say(15, static_cast<std::uint32_t>(mc_base + table)).result, ok);
  ASSERT_EQ(say(25, gfxclk << 16 | 1500).result, ok);
  ASSERT_EQ(say(25, uclk << 16 | 772).result, ok);
  EXPECT_EQ(say(18, 5).result, ok);
  EXPECT_EQ(say(18, 99).result, failed);
  const auto data = card_.read_vram(table, 240);
  const auto at = [&](std::size_t offset, unsigned width) {
    std::uint32_t value = 0;
    std::memcpy(&value, data.data() + offset, width);
    return value;
  };
  // SmuMetrics_t: clocks by PPCLK at 0, counter 80, power 116, temperatures from 120.
  EXPECT_EQ(at(0, 4), 1500u);
  EXPECT_EQ(at(8, 4), 772u);
  EXPECT_EQ(at(80, 4), 1u);
  EXPECT_GT(at(116, 2), 5u);
  EXPECT_LT(at(116, 2), 400u);
  EXPECT_GT(at(120, 2), 20u);
  EXPECT_GE(at(122, 2), at(120, 2));  // the hot spot is not colder than the edge
  EXPECT_LT(at(122, 2), 110u);
  ASSERT_EQ(say(18, 5).result, ok);
  EXPECT_EQ(card_.read_vram32(table + 80), 2u);
}

// EnableAllSmuFeatures takes longest: a fifth of a second on a slow card.
constexpr std::uint32_t enable_all = 6;

CardOptions slow_card() {
  CardOptions options = small_card();
  options.latency_scale = 100;
  return options;
}

TEST_F(Smu, OneMessageAtATime) {
  TestCard card(slow_card());
  card.write(0x1629a, 0);
  card.write(0x16282, enable_all);
  card.write(0x16282, 2);
  // Answered 252 while the first was in work (which a slow machine may not see), then the first's.
  EXPECT_TRUE(eventually([&] { return card.counter("smu_messages_rejected") == 1; }));
  EXPECT_TRUE(card.becomes(0x1629a, prerequisite));
}

TEST_F(Smu, TakesTime) {
  TestCard card(slow_card());
  card.write(0x1629a, 0);
  card.write(0x16282, enable_all);
  EXPECT_EQ(card.read(0x1629a), 0u);
  EXPECT_TRUE(card.becomes(0x1629a, prerequisite));
}

}  // namespace
}  // namespace redbolt::emulator::test
