#include "arena_map.hpp"

#include <algorithm>
#include <utility>

namespace redbolt::daemon {
namespace {

// Joins neighbours of one region that are both smaller than `small`.
std::vector<ArenaRange> join_below(const std::vector<ArenaRange>& ranges, Bytes small) {
  std::vector<ArenaRange> result;
  Bytes largest;  // of the parts of result.back()
  for (const ArenaRange& range : ranges) {
    const bool joins = !result.empty() && result.back().region == range.region &&
                       result.back().size < small && range.size < small;
    if (!joins) {
      result.push_back(range);
      largest = range.size;
      continue;
    }
    ArenaRange& whole = result.back();
    whole.size += range.size;
    if (range.size > largest) {
      largest = range.size;
      whole.use = range.use;
      whole.owner = range.owner;
    }
  }
  return result;
}

}  // namespace

std::vector<ArenaRange> map_of_region(Region region, const Arena& arena,
                                      const std::vector<ArenaRange>& known) {
  std::vector<ArenaRange> ranges;
  for (const ArenaRange& range : known) {
    if (range.region == region) ranges.push_back(range);
  }
  for (const auto& [offset, size] : arena.free_ranges())
    ranges.push_back({region, offset, size, ArenaUse::free, {}});
  std::sort(ranges.begin(), ranges.end(),
            [](const ArenaRange& a, const ArenaRange& b) { return a.offset < b.offset; });
  std::vector<ArenaRange> whole;
  Bytes end;
  const auto fill_up_to = [&](Bytes offset) {
    if (end < offset) whole.push_back({region, end, offset - end, ArenaUse::other, {}});
  };
  for (ArenaRange& range : ranges) {
    fill_up_to(range.offset);
    end = range.offset + range.size;
    whole.push_back(std::move(range));
  }
  fill_up_to(arena.size());
  return whole;
}

ArenaMap simplify(std::vector<ArenaRange> ranges, std::size_t limit) {
  ArenaMap map{std::move(ranges), false};
  // Each round joins coarser ranges; at the latest when everything counts as small, one per region
  // is left.
  for (std::uint64_t small = 4096; map.ranges.size() > limit && small != 0; small *= 2) {
    map.ranges = join_below(map.ranges, Bytes(small));
    map.simplified = true;
  }
  return map;
}

}  // namespace redbolt::daemon
