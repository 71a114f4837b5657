// Bulk copies and fills in one address space, across pages and of any alignment.
// Throws QueueError(memory_fault) at the first byte without a translation, the bytes before it
// done, and QueueError(aborted) soon after a stop request.
#pragma once

#include <cstdint>
#include <stop_token>

#include "packets/engine_memory.hpp"

namespace redbolt::emulator {

class DataMover {
 public:
  DataMover(EngineMemory& memory, std::stop_token stop) : memory_(memory), stop_(std::move(stop)) {}

  // From the lowest address up: where the ranges overlap, bytes already written are read again.
  void copy(std::uint64_t destination, std::uint64_t source, std::uint64_t bytes);
  // From the highest address down.
  void copy_backwards(std::uint64_t destination, std::uint64_t source, std::uint64_t bytes);
  // Repeats the `pattern_bytes` (1, 2 or 4) low bytes of `pattern`.
  void fill(std::uint64_t destination, std::uint32_t pattern, unsigned pattern_bytes,
            std::uint64_t bytes);

 private:
  void check_stop() const;

  EngineMemory& memory_;
  std::stop_token stop_;
};

}  // namespace redbolt::emulator
