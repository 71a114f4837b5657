// What a submission reads and writes of mirrored memory, and when that travels: to the card before
// it starts, back when it is complete, and words that a kernel releases while it runs now and then.
//
// Belongs to the device thread.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <tuple>
#include <vector>

#include "backend.hpp"

namespace redbolt::daemon {

// A part of memory that is mirrored() and outlives the work that names it.
struct MirroredRange {
  PinnedMemory* memory = nullptr;
  Bytes offset;
  Bytes size;
};

struct MirroredWork {
  std::vector<MirroredRange> named;    // read or written
  std::vector<MirroredRange> written;  // maybe only in part,
  std::vector<MirroredRange> watched;  // of which these are small enough to be followed,
  std::vector<MirroredRange> filled;   // or in whole

  // `busy`: work on the card may be writing to the same memory.
  void before_start(bool busy) const;
  void while_running() const;
  void when_complete() const;
};

// Gathers the ranges that the kernels of a graph name. Those that touch become one.
class MirroredRanges {
 public:
  void add(PinnedMemory* memory, Bytes offset, Bytes size, bool written);
  // nullptr if there are none.
  std::shared_ptr<const MirroredWork> work() const;
  std::size_t size() const { return named_.size() + written_.size(); }

 private:
  using Ranges = std::set<std::tuple<PinnedMemory*, std::uint64_t, std::uint64_t>>;  // begin, end
  static std::vector<MirroredRange> merged(const Ranges& ranges);

  Ranges named_;
  Ranges written_;
};

}  // namespace redbolt::daemon
