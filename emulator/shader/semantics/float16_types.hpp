// The two 16-bit floating-point types of packed operations, as values of float.
#pragma once

#include <bit>
#include <cstdint>

#include "semantics/float16.hpp"

namespace redbolt::emulator {

// bfloat16 is the upper half of a float.
inline float bfloat16_to_float(std::uint32_t bits) {
  return std::bit_cast<float>(bits << 16);
}

// Nearest, ties to even; a NaN stays one, quiet.
inline std::uint32_t float_to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (value != value) return bits >> 16 | 0x40;
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

struct F16 {
  static float widened(std::uint32_t bits) { return half_to_float_portable(bits); }
  static std::uint32_t rounded(float value) { return float_to_half_portable(value); }
};
struct BF16 {
  static float widened(std::uint32_t bits) { return bfloat16_to_float(bits); }
  static std::uint32_t rounded(float value) { return float_to_bfloat16(value); }
};

}  // namespace redbolt::emulator
