// The live view as text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "watch/arena_cells.hpp"
#include "watch/canvas.hpp"
#include "watch/frame.hpp"

namespace redbolt::probe {
namespace {

using client::ArenaUse;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace redbolt::literals;

Snapshot busy_card() {
  Snapshot snapshot;
  snapshot.daemon_version = "redboltd 0.1.0";
  snapshot.card = {
      "Radeon RX 7900 XTX", "gfx1100", "pci:0000:03:00.0", 24_GiB, 23_GiB, 96, false, {}};
  snapshot.status.state = "ready";
  snapshot.status.uptime_seconds = 3 * 3600 + 12 * 60;
  snapshot.status.arena.size = 16_MiB;
  snapshot.status.arena.free = 8_MiB;
  snapshot.status.metrics = client::Metrics{};
  snapshot.status.metrics->temperature_celsius = 54;
  snapshot.status.metrics->power_watts = 212;
  client::LeaseHolder holder;
  holder.command = "redbolt-llm run";
  holder.pid = 77;
  snapshot.status.holder = holder;
  snapshot.status.arena_map = client::ArenaMap{{{false, Bytes(0), 6_MiB, ArenaUse::resident, "w"},
                                                {false, 6_MiB, 2_MiB, ArenaUse::buffer, "kv"},
                                                {false, 8_MiB, 8_MiB, ArenaUse::free, ""}},
                                               false};
  snapshot.status.gauges = {{"tokens_per_second", 42.5, "", 0}};
  return snapshot;
}

const FrameStyle plain_style{80, 24, false, false};

TEST(WatchFrame, ShowsWhatTheDaemonSays) {
  History speed;
  for (const double value : {10.0, 20.0, 42.5}) speed.add(value);
  const auto lines = draw_frame(busy_card(), speed, plain_style);
  EXPECT_THAT(lines, Contains(testing::AllOf(HasSubstr("temperature"), HasSubstr("54 C"))));
  EXPECT_THAT(lines, Contains(testing::AllOf(HasSubstr("power"), HasSubstr("212 W"))));
  EXPECT_THAT(lines, Contains(testing::AllOf(HasSubstr("graphics"), HasSubstr("not told"))));
  EXPECT_THAT(lines, Contains(testing::AllOf(HasSubstr("tokens/s"), HasSubstr("42.5"))));
  EXPECT_THAT(lines, Contains(HasSubstr("redbolt-llm run (pid 77)")));
  EXPECT_THAT(lines, Contains(HasSubstr("8 MiB of 16 MiB taken")));
  EXPECT_THAT(lines, Contains(HasSubstr("up 3 h 12 min")));
}

TEST(WatchFrame, TheBarGrowsWithTheValue) {
  const auto filled = [](double watts) {
    Snapshot snapshot = busy_card();
    snapshot.status.metrics->power_watts = watts;
    for (const std::string& line : draw_frame(snapshot, {}, plain_style))
      if (line.starts_with("power")) return std::count(line.begin(), line.end(), '#');
    return std::ptrdiff_t{-1};
  };
  EXPECT_EQ(filled(0), 0);
  EXPECT_EQ(filled(355.0 / 2), 25) << "half of a bar of 50";
  EXPECT_EQ(filled(1000), 50);
}

TEST(WatchFrame, FitsAnyTerminal) {
  for (const bool fancy : {false, true})
    for (const std::size_t columns : {1u, 7u, 40u, 80u, 200u})
      for (const std::size_t rows : {1u, 3u, 24u, 60u}) {
        const auto lines = draw_frame(busy_card(), {}, {columns, rows, false, fancy});
        EXPECT_LE(lines.size(), rows);
        for (const std::string& line : lines) EXPECT_LE(characters(line), columns) << line;
      }
}

TEST(WatchFrame, SaysWhyThereIsNothing) {
  Snapshot snapshot;
  snapshot.problem = "redboltd does not run";
  EXPECT_THAT(draw_frame(snapshot, {}, plain_style), Contains("redboltd does not run"));
  EXPECT_EQ(plain_line(snapshot), "problem: redboltd does not run");
}

TEST(WatchFrame, OneLineForPipes) {
  EXPECT_EQ(plain_line(busy_card()),
            "temperature_celsius=54.0 power_watts=212.0 arena_used_bytes=8388608 "
            "arena_bytes=16777216 tokens_per_second=42.50 waiting=0 holder_pid=77");
}

TEST(ArenaCells, EachStandsForWhatFillsMostOfIt) {
  const client::ArenaMap map = *busy_card().status.arena_map;
  EXPECT_THAT(
      arena_cells(map, false, 8),
      ElementsAre(ArenaUse::resident, ArenaUse::resident, ArenaUse::resident, ArenaUse::buffer,
                  ArenaUse::free, ArenaUse::free, ArenaUse::free, ArenaUse::free));
  EXPECT_THAT(arena_cells(map, false, 1), ElementsAre(ArenaUse::free));
  EXPECT_THAT(arena_cells(map, true, 2), ElementsAre(ArenaUse::free, ArenaUse::free));
  EXPECT_TRUE(arena_cells(map, false, 0).empty());
}

TEST(Canvas, CountsAndCutsCharactersNotBytes) {
  Line line;
  line.add("°°°").add("abc", Ink::red);
  EXPECT_EQ(line.width(), 6u);
  EXPECT_EQ(line.render(4, false), "°°°a");
  EXPECT_EQ(line.render(4, true), "°°°\x1b[31ma\x1b[0m");
  EXPECT_EQ(line.render(2, true), "°°");
}

}  // namespace
}  // namespace redbolt::probe
