// Buffer descriptors (V#) and where the lanes of a buffer instruction access memory.
#pragma once

#include <array>
#include <cstdint>

#include "wave.hpp"

namespace redbolt::emulator {

// Chapter 9.6 of AMD's document.
struct BufferDescriptor {
  std::uint64_t base = 0;
  std::uint32_t stride = 0;
  std::uint32_t records = 0;
  std::uint32_t swizzle_bytes = 0;  // element size of swizzled addressing; 0: linear
  std::uint32_t index_stride = 8;
  std::array<std::uint8_t, 4> select{};  // 0 and 1 are constants, 4 to 7 the components
  std::uint8_t format = 0;
  std::uint8_t bounds = 0;  // OOB_SELECT
  bool adds_lane = false;
  bool is_buffer = true;

  // `first`: index of the first of four scalar registers.
  static BufferDescriptor read(const Wave& wave, std::uint32_t first);
  // Loads give 0 and stores are lost.
  bool unbound() const { return format == 0 && !adds_lane; }
};

// What one instruction's lanes ask of a buffer.
class BufferAccess {
 public:
  BufferAccess(const Wave& wave, const Instruction& instruction);

  const BufferDescriptor& descriptor() const { return descriptor_; }
  // Whether a lane may touch `bytes` at `offset` behind its own place.
  bool inside(unsigned lane, std::uint32_t offset, std::uint32_t bytes) const;
  // The virtual address of that place. Swizzled, neighbours beyond an element are elsewhere.
  std::uint64_t address(unsigned lane, std::uint32_t offset) const;

 private:
  BufferDescriptor descriptor_;
  std::uint32_t scalar_offset_ = 0;
  std::array<std::uint64_t, lane_count> index_{};
  std::array<std::uint64_t, lane_count> offset_{};
};

}  // namespace redbolt::emulator
