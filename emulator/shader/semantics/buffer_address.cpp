#include "semantics/buffer_address.hpp"

#include "semantics/scalars.hpp"

namespace redbolt::emulator {
namespace {

constexpr std::uint32_t bits(std::uint32_t value, unsigned low, unsigned count) {
  return value >> low & ((1u << count) - 1);
}

// OOB_SELECT
constexpr std::uint8_t structured = 0, index_only = 1, only_when_empty = 2;

}  // namespace

BufferDescriptor BufferDescriptor::read(const Wave& wave, std::uint32_t first) {
  const std::uint32_t* words = &wave.scalar[first];
  BufferDescriptor result;
  result.base = words[0] | std::uint64_t{bits(words[1], 0, 16)} << 32;
  result.stride = bits(words[1], 16, 14);
  const std::uint32_t swizzle = bits(words[1], 30, 2);
  result.swizzle_bytes = swizzle == 1 ? 4 : swizzle == 3 ? 16 : 0;
  result.records = words[2];
  for (unsigned i = 0; i < 4; ++i) {
    result.select[i] = static_cast<std::uint8_t>(bits(words[3], 3 * i, 3));
  }
  result.format = static_cast<std::uint8_t>(bits(words[3], 12, 6));
  result.index_stride = 8u << bits(words[3], 21, 2);
  result.adds_lane = bits(words[3], 23, 1) != 0;
  result.bounds = static_cast<std::uint8_t>(bits(words[3], 28, 2));
  result.is_buffer = bits(words[3], 30, 2) == 0;
  return result;
}

BufferAccess::BufferAccess(const Wave& wave, const Instruction& instruction)
    : descriptor_(BufferDescriptor::read(wave, instruction.scalar_destination)),
      scalar_offset_(scalar_operand(wave, instruction.source[2])) {
  const bool has_index = (instruction.flags & flag::buffer_index) != 0;
  const bool has_offset = (instruction.flags & flag::buffer_offset) != 0;
  const std::uint32_t row = instruction.source[0].value;
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    index_[lane] =
        (has_index ? wave.vgpr[row][lane] : 0) + (descriptor_.adds_lane ? std::uint64_t{lane} : 0);
    offset_[lane] = static_cast<std::uint32_t>(instruction.immediate) +
                    std::uint64_t{has_offset ? wave.vgpr[row + (has_index ? 1 : 0)][lane] : 0};
  }
}

bool BufferAccess::inside(unsigned lane, std::uint32_t offset, std::uint32_t bytes) const {
  const std::uint64_t end = offset_[lane] + offset + bytes;
  const bool index_inside = index_[lane] < descriptor_.records;
  switch (descriptor_.bounds) {
    case structured:
      return index_inside && end <= descriptor_.stride;
    case index_only:
      return index_inside;
    case only_when_empty:
      return descriptor_.records != 0;
    default:
      break;
  }
  if (descriptor_.swizzle_bytes != 0 && descriptor_.stride != 0) {
    return index_inside && end <= descriptor_.stride;
  }
  // Raw: the scalar offset shortens the buffer.
  return end + scalar_offset_ <= descriptor_.records;
}

std::uint64_t BufferAccess::address(unsigned lane, std::uint32_t offset) const {
  const std::uint64_t index = index_[lane];
  const std::uint64_t place = offset_[lane] + offset;
  const std::uint64_t base = descriptor_.base + scalar_offset_;
  if (descriptor_.swizzle_bytes == 0) return base + index * descriptor_.stride + place;
  const std::uint64_t group = descriptor_.index_stride;
  const std::uint64_t element = descriptor_.swizzle_bytes;
  return base + (index / group * descriptor_.stride + place / element * element) * group +
         index % group * element + place % element;
}

}  // namespace redbolt::emulator
