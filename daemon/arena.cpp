#include "arena.hpp"

#include <algorithm>
#include <iterator>

#include "redbolt/base/checked.hpp"

namespace redbolt::daemon {

ArenaBlock::ArenaBlock(ArenaBlock&& other) noexcept
    : arena_(std::exchange(other.arena_, nullptr)), offset_(other.offset_), size_(other.size_) {}

ArenaBlock& ArenaBlock::operator=(ArenaBlock&& other) noexcept {
  if (this != &other) {
    release();
    arena_ = std::exchange(other.arena_, nullptr);
    offset_ = other.offset_;
    size_ = other.size_;
  }
  return *this;
}

ArenaBlock::~ArenaBlock() {
  release();
}

void ArenaBlock::release() noexcept {
  if (arena_ != nullptr) std::exchange(arena_, nullptr)->give_back(offset_, size_);
}

Arena::Arena(Bytes size, Bytes granularity)
    : size_(size.count() & ~(granularity.count() - 1)), granularity_(granularity), free_(size_) {
  if (size_.count() != 0) insert_range(Bytes(0), size_);
}

Bytes Arena::largest_free() const {
  return by_size_.empty() ? Bytes(0) : by_size_.rbegin()->first;
}

std::optional<ArenaBlock> Arena::take(Bytes size, Bytes alignment) {
  const auto rounded = checked_align_up(size.count(), granularity_.count());
  if (size.count() == 0 || !rounded) return std::nullopt;
  const std::uint64_t step = std::max(alignment, granularity_).count();
  for (auto candidate = by_size_.lower_bound({Bytes(*rounded), Bytes(0)});
       candidate != by_size_.end(); ++candidate) {
    const auto [range_size, range_offset] = *candidate;
    const auto start = checked_align_up(range_offset.count(), step);
    if (!start || !range_fits(*start - range_offset.count(), *rounded, range_size.count()))
      continue;
    const Bytes offset(*start);
    const Bytes taken(*rounded);
    erase_range(by_offset_.find(range_offset));
    if (offset > range_offset) insert_range(range_offset, offset - range_offset);
    const Bytes end = offset + taken;
    const Bytes range_end = range_offset + range_size;
    if (range_end > end) insert_range(end, range_end - end);
    free_ -= taken;
    ++blocks_;
    return ArenaBlock(*this, offset, taken);
  }
  return std::nullopt;
}

void Arena::give_back(Bytes offset, Bytes size) noexcept {
  free_ += size;
  --blocks_;
  auto next = by_offset_.lower_bound(offset);
  if (next != by_offset_.end() && next->first == offset + size) {
    size += next->second;
    next = erase_range(next);
  }
  if (next != by_offset_.begin()) {
    const auto previous = std::prev(next);
    if (previous->first + previous->second == offset) {
      offset = previous->first;
      size += previous->second;
      erase_range(previous);
    }
  }
  insert_range(offset, size);
}

void Arena::insert_range(Bytes offset, Bytes size) {
  by_offset_.emplace(offset, size);
  by_size_.emplace(size, offset);
}

Arena::Ranges::iterator Arena::erase_range(Ranges::iterator range) {
  by_size_.erase({range->second, range->first});
  return by_offset_.erase(range);
}

}  // namespace redbolt::daemon
