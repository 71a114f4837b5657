#include "memory/range_allocator.hpp"

#include <algorithm>

#include "redbolt/base/checked.hpp"

namespace redbolt::driver {

RangeAllocator::RangeAllocator(std::uint64_t start, std::uint64_t size) : free_total_(size) {
  if (size != 0) free_.emplace(start, size);
}

std::optional<std::uint64_t> RangeAllocator::allocate(std::uint64_t size, std::uint64_t alignment) {
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    const auto [range_start, range_size] = *it;
    const auto start = checked_align_up(range_start, alignment);
    if (!start || !range_fits(*start - range_start, size, range_size)) continue;
    free_.erase(it);
    const std::uint64_t before = *start - range_start;
    const std::uint64_t after = range_size - before - size;
    if (before != 0) free_.emplace(range_start, before);
    if (after != 0) free_.emplace(*start + size, after);
    free_total_ -= size;
    return start;
  }
  return std::nullopt;
}

void RangeAllocator::free(std::uint64_t start, std::uint64_t size) {
  free_total_ += size;
  auto [it, inserted] = free_.emplace(start, size);
  if (const auto next = std::next(it);
      next != free_.end() && it->first + it->second == next->first) {
    it->second += next->second;
    free_.erase(next);
  }
  if (it != free_.begin()) {
    const auto previous = std::prev(it);
    if (previous->first + previous->second == it->first) {
      previous->second += it->second;
      free_.erase(it);
    }
  }
}

std::uint64_t RangeAllocator::largest_free(std::uint64_t alignment) const {
  std::uint64_t largest = 0;
  for (const auto& [start, size] : free_) {
    const auto aligned = checked_align_up(start, alignment);
    if (!aligned || *aligned - start >= size) continue;
    largest = std::max(largest, (size - (*aligned - start)) / alignment * alignment);
  }
  return largest;
}

}  // namespace redbolt::driver
