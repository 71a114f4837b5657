// A sequence of packets in memory: a ring, or an indirect buffer. Positions count dwords and never
// wrap; a ring's place is its position modulo its size.
//
// Packets are copied out before they are executed, a whole packet at a time, and never beyond
// end(): what lies there may still be written by the host. Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "packets/engine_memory.hpp"
#include "packets/packet_field.hpp"

namespace redbolt::emulator {

class PacketStream {
 public:
  // `size` in dwords, a power of two. Starts empty at `position`; set_end() adds to it.
  static PacketStream ring(EngineMemory& memory, std::uint64_t base, std::uint64_t size,
                           std::uint64_t position);
  // `size` dwords, all of them there.
  static PacketStream buffer(EngineMemory& memory, std::uint64_t base, std::uint64_t size);

  std::uint64_t position() const { return position_; }
  std::uint64_t end() const { return end_; }
  void set_end(std::uint64_t end) { end_ = end; }
  std::uint64_t available() const { return end_ - position_; }
  // The longest sequence the stream can ever hold.
  std::uint64_t capacity() const { return size_; }
  bool is_ring() const { return ring_; }
  std::uint64_t base() const { return base_; }
  // Where the next dword is.
  std::uint64_t address() const {
    return base_ + (ring_ ? position_ & (size_ - 1) : position_) * sizeof(std::uint32_t);
  }

  // The next `count` dwords, which must be available; valid until the next call.
  // Throws QueueError(memory_fault) where they cannot be read.
  Packet peek(std::size_t count);
  // Passes over `count` dwords, which must be available.
  void advance(std::uint64_t count) { position_ += count; }
  // Passes over `count` dwords, as they become available.
  void skip(std::uint64_t count);
  // Takes up what is left of a skip(). True when nothing is left to skip.
  bool finish_skip();

 private:
  PacketStream(EngineMemory& memory, std::uint64_t base, std::uint64_t size, bool ring)
      : memory_(&memory), base_(base), size_(size), ring_(ring) {}
  void fetch(std::uint64_t index, std::span<std::uint32_t> into);
  const MemoryWindow& window_at(std::uint64_t address);

  EngineMemory* memory_;
  std::uint64_t base_;
  std::uint64_t size_;
  bool ring_;
  std::uint64_t position_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t skip_ = 0;
  std::vector<std::uint32_t> packet_;
  MemoryWindow window_{};                // what was translated last,
  std::uint64_t window_address_ = 0;     // where it begins,
  std::uint64_t window_generation_ = 0;  // and until when it holds
};

}  // namespace redbolt::emulator
