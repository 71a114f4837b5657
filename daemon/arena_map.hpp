// What lies where in the card's video memory, for people to look at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "arena.hpp"
#include "backend.hpp"

namespace redbolt::daemon {

enum class ArenaUse : std::uint8_t { free, buffer, module, graph, resident, other };

struct ArenaRange {
  Region region = Region::data;
  Bytes offset;
  Bytes size;
  ArenaUse use = ArenaUse::other;
  std::string owner;
};

struct ArenaMap {
  std::vector<ArenaRange> ranges;
  bool simplified = false;
};

// The ranges of one region in order and without gaps: those that are known, the free ones, and what
// is left as `other`. `known` may hold ranges of other regions too, in any order.
std::vector<ArenaRange> map_of_region(Region region, const Arena& arena,
                                      const std::vector<ArenaRange>& known);

// Joins small neighbours, under the use of the largest of them, until at most `limit` ranges are
// left.
ArenaMap simplify(std::vector<ArenaRange> ranges, std::size_t limit);

}  // namespace redbolt::daemon
