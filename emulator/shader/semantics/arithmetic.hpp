// Arithmetic that several encodings share.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "semantics/rows.hpp"

namespace redbolt::emulator {

inline float fused(float a, float b, float c) {
  return std::fma(a, b, c);
}
inline double fused(double a, double b, double c) {
  return std::fma(a, b, c);
}

// a*b + c of float16 operands, rounded to odd: the product is exact in float, and what the addition
// loses is put into the last bit.
inline HalfToOdd fused(Half a, Half b, Half c) {
  const float product = a.value * b.value;
  if (c.value != c.value) return {c.value};  // also where the product is none: infinity times zero
  const float sum = product + c.value;
  const float back = sum - product;
  const float error = (product - (sum - back)) + (c.value - back);
  const auto bits = std::bit_cast<std::uint32_t>(sum);
  const bool inexact = error != 0.0f && std::fabs(sum) < std::numeric_limits<float>::infinity();
  const bool away = (error > 0.0f) == (sum > 0.0f);
  const std::uint32_t odd = away ? bits + 1 : bits - 1;
  return {std::bit_cast<float>(inexact && (bits & 1) == 0 ? odd : bits)};
}

template <class T>
inline constexpr auto quiet_bit = std::uint32_t{0x00400000};
template <>
inline constexpr auto quiet_bit<double> = std::uint64_t{0x0008000000000000};

template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;

template <class T>
T quieted(T value) {
  const auto bits = std::bit_cast<BitsOf<T>>(value);
  return value != value ? std::bit_cast<T>(bits | quiet_bit<T>) : value;
}

template <class T>
bool is_signaling(T value) {
  return value != value && (std::bit_cast<BitsOf<T>>(value) & quiet_bit<T>) == 0;
}

// -0 is smaller than +0 here.
template <class T>
bool less(T a, T b) {
  return a < b || (a == 0 && b == 0 && std::signbit(a) && !std::signbit(b));
}

// The middle one of three integers.
template <class T>
T median(T a, T b, T c) {
  return a > b ? (b > c ? b : a > c ? c : a) : (a > c ? a : b > c ? c : b);
}

// x * 2^n, rounded once; n may be anything.
inline double scaled(double value, std::int32_t exponent) {
  const std::int32_t n = exponent < -4200 ? -4200 : exponent > 4200 ? 4200 : exponent;
  return std::ldexp(value, n);
}
// Exact in double whenever float keeps anything, so that only the conversion rounds.
inline float scaled(float value, std::int32_t exponent) {
  const std::int32_t n = exponent < -400 ? -400 : exponent > 400 ? 400 : exponent;
  const auto factor = std::bit_cast<double>(static_cast<std::uint64_t>(1023 + n) << 52);
  return static_cast<float>(static_cast<double>(value) * factor);
}

// A handler of an operation that rounds to the nearest whatever MODE asks for.
template <Handler handler>
void rounding_to_nearest(Wave& wave, const Instruction& instruction) {
  constexpr std::uint32_t rounding = 15;
  const std::uint32_t kept = wave.mode;
  if ((kept & rounding) == 0) {
    handler(wave, instruction);
    return;
  }
  wave.set_mode(kept & ~rounding);
  handler(wave, instruction);
  wave.set_mode(kept);
}

// Conversions to integers: towards zero, saturating, NaN gives 0.
template <class Integer, class T>
Integer to_integer(T value) {
  constexpr auto lowest = static_cast<double>(std::numeric_limits<Integer>::min());
  constexpr auto highest = static_cast<double>(std::numeric_limits<Integer>::max());
  const double wide = static_cast<double>(value);
  const double bounded = wide < lowest ? lowest : wide > highest ? highest : wide;
  return static_cast<Integer>(static_cast<std::int64_t>(wide != wide ? 0.0 : bounded));
}

}  // namespace redbolt::emulator
