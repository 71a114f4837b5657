#include "content_map.hpp"

#include <algorithm>
#include <iterator>

namespace redbolt::daemon {

ContentMap::ContentMap(Bytes size) : size_(size), owner_from_{{Bytes(0), OwnerId()}} {}

// Lets a range start at `at`.
void ContentMap::split(Bytes at) {
  if (at >= size_) return;
  const auto next = owner_from_.upper_bound(at);
  owner_from_.emplace(at, std::prev(next)->second);
}

std::vector<ContentMap::Range> ContentMap::claim(Bytes offset, Bytes size, OwnerId owner) {
  std::vector<Range> foreign;
  const Bytes end = offset + size;
  split(offset);
  split(end);
  const auto first = owner_from_.find(offset);
  const auto last = owner_from_.lower_bound(end);
  for (auto range = first; range != last; ++range) {
    if (range->second == owner) continue;
    const auto next = std::next(range);
    const Bytes range_end = next == owner_from_.end() ? size_ : next->first;
    if (!foreign.empty() && foreign.back().offset + foreign.back().size == range->first) {
      foreign.back().size += range_end - range->first;
    } else {
      foreign.push_back({range->first, range_end - range->first});
    }
  }
  const auto inserted = owner_from_.erase(first, last);
  const auto mine = owner_from_.emplace_hint(inserted, offset, owner);
  // Neighbours of the same owner are one range.
  if (const auto next = std::next(mine); next != owner_from_.end() && next->second == owner) {
    owner_from_.erase(next);
  }
  if (mine != owner_from_.begin() && std::prev(mine)->second == owner) owner_from_.erase(mine);
  return foreign;
}

}  // namespace redbolt::daemon
