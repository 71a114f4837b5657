// Gives out ranges of a number space: video memory by offset, GPU VM by address. First fit over an
// ordered map of free ranges; neighbours are joined when they come back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace redbolt::driver {

class RangeAllocator {
 public:
  // Manages [start, start + size).
  RangeAllocator(std::uint64_t start, std::uint64_t size);

  // `size` > 0, `alignment` a power of two. Nothing if no free range fits.
  std::optional<std::uint64_t> allocate(std::uint64_t size, std::uint64_t alignment);

  // A range that allocate() gave, whole.
  void free(std::uint64_t start, std::uint64_t size);

  std::uint64_t free_total() const { return free_total_; }
  // The largest size allocate() could give at this alignment.
  std::uint64_t largest_free(std::uint64_t alignment) const;

 private:
  std::map<std::uint64_t, std::uint64_t> free_;  // start -> size, never adjacent
  std::uint64_t free_total_ = 0;
};

}  // namespace redbolt::driver
