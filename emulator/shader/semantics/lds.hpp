// LDS as DS instructions see it: byte offsets into the workgroup's allocation. What lies beyond it
// reads 0 and is not written, as on the card. Only the workgroup's own worker touches it.
#pragma once

#include <cstdint>
#include <cstring>

#include "semantics/rows.hpp"

namespace redbolt::emulator {

template <class T>
T lds_read(const Wave& wave, std::uint32_t offset) {
  T value{};
  if (std::uint64_t{offset} + sizeof(T) <= wave.workgroup->lds_size) {
    std::memcpy(&value, wave.workgroup->lds + offset, sizeof(T));
  }
  return value;
}

template <class T>
void lds_write(Wave& wave, std::uint32_t offset, T value) {
  if (std::uint64_t{offset} + sizeof(T) <= wave.workgroup->lds_size) {
    std::memcpy(wave.workgroup->lds + offset, &value, sizeof(T));
  }
}

// OFFSET0 and OFFSET1 as one 16-bit byte offset, and apart, as the two-address forms use them.
inline std::uint32_t ds_offset(const Instruction& instruction) {
  return static_cast<std::uint32_t>(instruction.immediate) & 0xffff;
}
inline std::uint32_t ds_offset0(const Instruction& instruction) {
  return ds_offset(instruction) & 0xff;
}
inline std::uint32_t ds_offset1(const Instruction& instruction) {
  return ds_offset(instruction) >> 8;
}

inline bool lane_enabled(const Wave& wave, unsigned lane) {
  return (wave.exec() >> lane & 1) != 0;
}

// Adds `per_lane` accesses of each enabled lane to the counts.
inline void count_lds(Wave& wave, unsigned per_lane = 1) {
  wave.counts.lds_accesses += static_cast<unsigned>(__builtin_popcount(wave.exec())) * per_lane;
}

// 64-bit values lie in two registers.
template <class T>
T ds_data(const Wave& wave, const Operand& operand, unsigned lane) {
  if constexpr (sizeof(T) == 8) {
    return wave.vgpr[operand.value][lane] |
           static_cast<std::uint64_t>(wave.vgpr[operand.value + 1][lane]) << 32;
  } else {
    return static_cast<T>(wave.vgpr[operand.value][lane]);
  }
}

}  // namespace redbolt::emulator
