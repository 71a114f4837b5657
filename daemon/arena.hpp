// Which parts of a block of memory are taken: best fit, neighbours joined when freed. Knows offsets
// only; the memory itself is elsewhere.
//
// An Arena and its blocks belong to one thread, and blocks must not outlive their Arena.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "redbolt/base/quantity.hpp"

namespace redbolt::daemon {

class Arena;

// A taken part, given back on destruction.
class ArenaBlock {
 public:
  ArenaBlock() = default;
  ArenaBlock(ArenaBlock&& other) noexcept;
  ArenaBlock& operator=(ArenaBlock&& other) noexcept;
  ArenaBlock(const ArenaBlock&) = delete;
  ArenaBlock& operator=(const ArenaBlock&) = delete;
  ~ArenaBlock();

  Bytes offset() const { return offset_; }
  Bytes size() const { return size_; }  // as taken: a multiple of the granularity

 private:
  friend class Arena;
  ArenaBlock(Arena& arena, Bytes offset, Bytes size)
      : arena_(&arena), offset_(offset), size_(size) {}
  void release() noexcept;

  Arena* arena_ = nullptr;
  Bytes offset_;
  Bytes size_;
};

class Arena {
 public:
  // granularity: a power of two. Offsets and sizes of blocks are multiples of it; what size has
  // beyond a multiple is not used.
  Arena(Bytes size, Bytes granularity);
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // The smallest free range that holds `size` bytes, at the lowest offset among equals; nothing if
  // none does, or if size is 0. The offset is a multiple of `alignment`, a power of two.
  std::optional<ArenaBlock> take(Bytes size, Bytes alignment);

  Bytes size() const { return size_; }
  Bytes free() const { return free_; }
  Bytes largest_free() const;
  // Offset and size of each free range, in order; no two touch.
  const std::map<Bytes, Bytes>& free_ranges() const { return by_offset_; }
  std::size_t blocks() const { return blocks_; }

 private:
  friend class ArenaBlock;
  using Ranges = std::map<Bytes, Bytes>;

  void give_back(Bytes offset, Bytes size) noexcept;
  void insert_range(Bytes offset, Bytes size);
  Ranges::iterator erase_range(Ranges::iterator range);

  Bytes size_;
  Bytes granularity_;
  Bytes free_;
  std::size_t blocks_ = 0;
  Ranges by_offset_;  // free ranges: offset -> size, never touching each other
  std::set<std::pair<Bytes, Bytes>> by_size_;  // the same as (size, offset)
};

}  // namespace redbolt::daemon
