// The map of the arena: whole, in order, and never longer than asked for.
#include "arena_map.hpp"

#include <gtest/gtest.h>

#include <random>

namespace redbolt::daemon {
namespace {

// That ranges follow each other from 0 to `size`.
void expect_whole(const std::vector<ArenaRange>& ranges, Bytes size) {
  Bytes end;
  for (const ArenaRange& range : ranges) {
    EXPECT_EQ(range.offset, end);
    EXPECT_GT(range.size, Bytes(0));
    end += range.size;
  }
  EXPECT_EQ(end, size);
}

TEST(ArenaMap, NamesWhatIsKnownFreeAndOther) {
  Arena arena(Bytes(4096), Bytes(256));
  const auto first = arena.take(Bytes(256), Bytes(256));
  const auto second = arena.take(Bytes(512), Bytes(256));
  const std::vector<ArenaRange> known{
      {Region::code, Bytes(0), Bytes(4096), ArenaUse::module, "elsewhere"},
      {Region::data, second->offset(), second->size(), ArenaUse::buffer, "weights"}};
  const auto ranges = map_of_region(Region::data, arena, known);
  expect_whole(ranges, Bytes(4096));
  ASSERT_EQ(ranges.size(), 3u);
  EXPECT_EQ(ranges[0].use, ArenaUse::other);
  EXPECT_EQ(ranges[1].use, ArenaUse::buffer);
  EXPECT_EQ(ranges[1].owner, "weights");
  EXPECT_EQ(ranges[2].use, ArenaUse::free);
}

TEST(ArenaMap, OfAFullAndOfAnEmptyArena) {
  Arena arena(Bytes(1024), Bytes(256));
  auto ranges = map_of_region(Region::data, arena, {});
  ASSERT_EQ(ranges.size(), 1u);
  EXPECT_EQ(ranges[0].use, ArenaUse::free);
  const auto all = arena.take(Bytes(1024), Bytes(256));
  ranges = map_of_region(Region::data, arena, {});
  ASSERT_EQ(ranges.size(), 1u);
  EXPECT_EQ(ranges[0].use, ArenaUse::other);
}

TEST(ArenaMap, JoinsTheSmallUnderTheLargestOfThem) {
  std::vector<ArenaRange> ranges;
  const auto add = [&](std::uint64_t size, ArenaUse use, const char* owner) {
    const Bytes offset = ranges.empty() ? Bytes(0) : ranges.back().offset + ranges.back().size;
    ranges.push_back({Region::data, offset, Bytes(size), use, owner});
  };
  add(1 << 20, ArenaUse::resident, "big");
  add(256, ArenaUse::graph, "g");
  add(1024, ArenaUse::buffer, "b");
  add(512, ArenaUse::free, "");
  add(1 << 20, ArenaUse::buffer, "also big");
  const ArenaMap map = simplify(ranges, 3);
  EXPECT_TRUE(map.simplified);
  expect_whole(map.ranges, Bytes((2 << 20) + 1792));
  ASSERT_EQ(map.ranges.size(), 3u);
  EXPECT_EQ(map.ranges[1].owner, "b");
  EXPECT_EQ(map.ranges[1].size, Bytes(1792));
  EXPECT_FALSE(simplify(ranges, 5).simplified);
}

TEST(ArenaMap, KeepsToItsLimitWhateverTheArena) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<ArenaRange> ranges;
    Bytes end;
    const std::size_t count = 1 + random() % 300;
    for (std::size_t i = 0; i < count; ++i) {
      const Bytes size(std::uint64_t{1} << random() % 40);
      ranges.push_back({Region::data, end, size, ArenaUse::buffer, {}});
      end += size;
    }
    ranges.push_back({Region::code, Bytes(0), Bytes(4096), ArenaUse::free, {}});
    const std::size_t limit = 2 + random() % 50;
    const ArenaMap map = simplify(ranges, limit);
    EXPECT_LE(map.ranges.size(), limit);
    EXPECT_EQ(map.ranges.back().region, Region::code);
    expect_whole({map.ranges.begin(), map.ranges.end() - 1}, end);
  }
}

}  // namespace
}  // namespace redbolt::daemon
