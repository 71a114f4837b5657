// 2^x, log2 x, sine and cosine of turns, in double arithmetic that the compiler vectorises: errors
// stay far below the last bit of the float that is made of them. Library calls would take one call
// a lane.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace redbolt::emulator {

// 2^x for |x| < 1000; the caller takes care of the rest. Taylor series of 2^f for |f| <= 1/2: the
// first term left out is below 2^-44 of the value.
inline double exp2_finite(double x) {
  const double whole = std::floor(x + 0.5);
  const double f = (x - whole) * 0.69314718055994530942;
  double sum = 1.0 / 3628800;
  sum = sum * f + 1.0 / 362880;
  sum = sum * f + 1.0 / 40320;
  sum = sum * f + 1.0 / 5040;
  sum = sum * f + 1.0 / 720;
  sum = sum * f + 1.0 / 120;
  sum = sum * f + 1.0 / 24;
  sum = sum * f + 1.0 / 6;
  sum = sum * f + 0.5;
  sum = sum * f + 1.0;
  sum = sum * f + 1.0;
  const auto exponent = static_cast<std::int64_t>(whole) + 1023;
  return sum * std::bit_cast<double>(static_cast<std::uint64_t>(exponent) << 52);
}

inline double exp2_of(double x) {
  const double bounded = x < -500 ? -500 : x > 500 ? 500 : x;
  const double value = exp2_finite(x != x ? 0 : bounded);
  return x != x ? x : value;
}

// log2 of a positive, finite, normal double: exponent plus 2/ln 2 * artanh((m - 1) / (m + 1)).
inline double log2_finite(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  // Mantissa in [sqrt(1/2), sqrt(2)): move the border of the exponent there.
  constexpr std::uint64_t root_half = 0x3fe6a09e667f3bcd;
  const auto shifted = static_cast<std::int64_t>(bits - root_half);
  const std::int64_t exponent = shifted >> 52;
  const double m = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(exponent) << 52));
  const double t = (m - 1) / (m + 1);
  const double t2 = t * t;
  double sum = 1.0 / 19;
  sum = sum * t2 + 1.0 / 17;
  sum = sum * t2 + 1.0 / 15;
  sum = sum * t2 + 1.0 / 13;
  sum = sum * t2 + 1.0 / 11;
  sum = sum * t2 + 1.0 / 9;
  sum = sum * t2 + 1.0 / 7;
  sum = sum * t2 + 1.0 / 5;
  sum = sum * t2 + 1.0 / 3;
  sum = sum * t2 + 1.0;
  return static_cast<double>(exponent) + sum * t * 2.8853900817779268147;
}

inline float log2_of(float x) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const bool usable = x > 0 && x < infinity;
  const double value = log2_finite(usable ? static_cast<double>(x) : 1.0);
  const float nan = x != x ? x + x : std::numeric_limits<float>::quiet_NaN();  // quiet
  const float special = x == 0 ? -infinity : x > 0 ? x : nan;
  return usable ? static_cast<float>(value) : special;
}

// Sine of x turns, |x| < 2^52. Quarter turns are taken off exactly; the series is Taylor's.
inline double sine_of_turns(double x) {
  const double reduced = x - std::floor(x + 0.5);          // [-1/2, 1/2]
  const double folded = reduced > 0.25    ? 0.5 - reduced  // [-1/4, 1/4]
                        : reduced < -0.25 ? -0.5 - reduced
                                          : reduced;
  const double a = folded * 6.28318530717958647693;
  const double a2 = a * a;
  double sum = -1.0 / 1307674368000;
  sum = sum * a2 + 1.0 / 6227020800;
  sum = sum * a2 - 1.0 / 39916800;
  sum = sum * a2 + 1.0 / 362880;
  sum = sum * a2 - 1.0 / 5040;
  sum = sum * a2 + 1.0 / 120;
  sum = sum * a2 - 1.0 / 6;
  sum = sum * a2 + 1.0;
  return sum * a;
}

// The instructions take |x| <= 256 turns; beyond it they give 0 and 1, for infinities NaN.
inline float sine(float x) {
  const bool usable = std::fabs(x) <= 256;
  const auto value = static_cast<float>(sine_of_turns(usable ? static_cast<double>(x) : 0.0));
  return std::fabs(x) < std::numeric_limits<float>::infinity() ? value : x - x;  // a quiet NaN
}
inline float cosine(float x) {
  const bool usable = std::fabs(x) <= 256;
  const auto value =
      static_cast<float>(sine_of_turns((usable ? static_cast<double>(x) : 0.0) + 0.25));
  return std::fabs(x) < std::numeric_limits<float>::infinity() ? value : x - x;  // a quiet NaN
}

}  // namespace redbolt::emulator
