// What the MODE register asks of floating-point operations: flushing of denormals and directed
// rounding. Operations look here only when the wave is not in the plain mode (nearest even,
// denormals kept), which compilers hardly ever leave.
#pragma once

#include <cfenv>
#include <cstdint>

#include "semantics/float16.hpp"
#include "wave.hpp"

namespace redbolt::emulator {

struct FloatMode {
  Rounding rounding = Rounding::nearest_even;
  bool flush_inputs = false;
  bool flush_results = false;
};

inline FloatMode float_mode(std::uint32_t mode, std::uint32_t round_shift,
                            std::uint32_t denormal_shift) {
  return {static_cast<Rounding>(mode >> round_shift & 3), (mode >> denormal_shift & 1) == 0,
          (mode >> denormal_shift & 2) == 0};
}
inline FloatMode f32_mode(const Wave& wave) {
  return float_mode(wave.mode, mode::round_f32_shift, mode::denormal_f32_shift);
}
inline FloatMode f64_f16_mode(const Wave& wave) {
  return float_mode(wave.mode, mode::round_f64_f16_shift, mode::denormal_f64_f16_shift);
}

// Keeps only the sign of a denormal.
inline std::uint32_t flush_f32(std::uint32_t bits) {
  return (bits & 0x7f800000) == 0 ? bits & 0x80000000 : bits;
}
inline std::uint32_t flush_f64_upper(std::uint32_t upper) {
  return (upper & 0x7ff00000) == 0 ? upper & 0x80000000 : upper;
}
inline std::uint32_t flush_f16(std::uint32_t bits) {
  return (bits & 0x7c00) == 0 ? bits & 0x8000 : bits;
}

// Host arithmetic rounds in this direction while the object lives.
class RoundingScope {
 public:
  explicit RoundingScope(Rounding rounding) : active_(rounding != Rounding::nearest_even) {
    static constexpr int directions[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    if (active_) std::fesetround(directions[static_cast<int>(rounding)]);
    fence();
  }
  ~RoundingScope() {
    fence();
    if (active_) std::fesetround(FE_TONEAREST);
  }
  RoundingScope(const RoundingScope&) = delete;
  RoundingScope& operator=(const RoundingScope&) = delete;

 private:
  // Arithmetic on values in memory is not moved across.
  static void fence() { asm volatile("" ::: "memory"); }
  bool active_;
};

}  // namespace redbolt::emulator
