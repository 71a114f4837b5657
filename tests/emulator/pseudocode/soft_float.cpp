#include "soft_float.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace redbolt::pseudocode {
namespace {

using Kind = Number::Kind;
constexpr unsigned nan_mantissa_bits = 52;
constexpr u128 quiet_bit = u128{1} << (nan_mantissa_bits - 1);

Number made_nan() {
  return {Kind::nan, false, 0, quiet_bit};
}

int bit_length(u128 value) {
  const auto high = static_cast<std::uint64_t>(value >> 64);
  const auto low = static_cast<std::uint64_t>(value);
  return high != 0 ? 128 - std::countl_zero(high) : 64 - std::countl_zero(low);
}

// Shifts right; what falls out is remembered in bit 0.
u128 shift_sticky(u128 value, int count) {
  if (count <= 0) return value;
  if (count >= 128) return value != 0 ? 1 : 0;
  const u128 lost = value & ((u128{1} << count) - 1);
  return value >> count | (lost != 0 ? 1 : 0);
}

// Moves the leading one to bit 125: room for a carry above, 19 bits and more below any product.
Number aligned(Number number) {
  const int shift = 126 - bit_length(number.significand);
  number.significand =
      shift >= 0 ? number.significand << shift : shift_sticky(number.significand, -shift);
  number.exponent -= shift;
  return number;
}

bool rounds_away(u128 rest, u128 half, bool odd, bool negative, Direction direction) {
  switch (direction) {
    case Direction::nearest_even:
      return rest > half || (rest == half && odd);
    case Direction::up:
      return rest != 0 && !negative;
    case Direction::down:
      return rest != 0 && negative;
    case Direction::toward_zero:
      return false;
  }
  return false;
}

std::uint64_t pack_finite(const Number& number, const FloatFormat& format, Direction direction) {
  // The exponent of the last bit kept: by the leading one, but never below that of denormals.
  const int smallest = 1 - format.bias() - static_cast<int>(format.mantissa_bits);
  const int top = bit_length(number.significand) + number.exponent;
  const std::uint64_t infinity = static_cast<std::uint64_t>(format.largest_exponent())
                                 << format.mantissa_bits;
  const bool to_infinity = direction == Direction::nearest_even ||
                           (direction == Direction::up && !number.negative) ||
                           (direction == Direction::down && number.negative);
  const std::uint64_t too_large = to_infinity ? infinity : infinity - 1;
  if (top > format.bias() + 1) return too_large;
  const int last = std::max(top - static_cast<int>(format.mantissa_bits) - 1, smallest);
  const int drop = last - number.exponent;
  u128 kept = 0;
  if (drop <= 0) {
    kept = number.significand << -drop;
  } else {
    // One more bit than is dropped, so that half a unit can be told from less and from more.
    const u128 doubled =
        drop == 1 ? number.significand : shift_sticky(number.significand, drop - 2);
    const u128 scale = drop == 1 ? 2 : 4;
    kept = doubled / scale;
    const u128 rest = doubled % scale;
    if (rounds_away(rest, scale / 2, (kept & 1) != 0, number.negative, direction)) kept += 1;
  }
  // kept < 2^mantissa_bits is a denormal, whose exponent field is 0; a carry is right by itself.
  const auto fraction = static_cast<std::uint64_t>(kept);
  const std::uint64_t biased = static_cast<std::uint64_t>(last - smallest);
  const std::uint64_t bits = fraction + (biased << format.mantissa_bits);
  return bits < infinity ? bits : too_large;
}

}  // namespace

Number unpack(std::uint64_t bits, const FloatFormat& format) {
  const std::uint64_t mantissa = bits & ((std::uint64_t{1} << format.mantissa_bits) - 1);
  const int exponent = static_cast<int>(bits >> format.mantissa_bits) & format.largest_exponent();
  Number number;
  number.negative = (bits >> (format.width - 1) & 1) != 0;
  if (exponent == format.largest_exponent()) {
    number.kind = mantissa != 0 ? Kind::nan : Kind::infinity;
    number.significand = u128{mantissa} << (nan_mantissa_bits - format.mantissa_bits);
    return number;
  }
  number.significand = exponent == 0 ? mantissa : mantissa | u128{1} << format.mantissa_bits;
  number.exponent = std::max(exponent, 1) - format.bias() - static_cast<int>(format.mantissa_bits);
  number.kind = number.significand != 0 ? Kind::finite : Kind::zero;
  return number;
}

std::uint64_t pack(const Number& number, const FloatFormat& format, Direction direction) {
  const std::uint64_t sign = std::uint64_t{number.negative ? 1u : 0u} << (format.width - 1);
  const std::uint64_t infinity = static_cast<std::uint64_t>(format.largest_exponent())
                                 << format.mantissa_bits;
  switch (number.kind) {
    case Kind::zero:
      return sign;
    case Kind::infinity:
      return sign | infinity;
    case Kind::nan: {
      auto mantissa = static_cast<std::uint64_t>(number.significand >>
                                                 (nan_mantissa_bits - format.mantissa_bits));
      if (mantissa == 0) mantissa = 1;
      return sign | infinity | mantissa;
    }
    case Kind::finite:
      return sign | pack_finite(number, format, direction);
  }
  return 0;
}

bool is_signaling(const Number& number) {
  return number.kind == Kind::nan && (number.significand & quiet_bit) == 0;
}

Number quieted(Number number) {
  if (number.kind == Kind::nan) number.significand |= quiet_bit;
  return number;
}

Number from_integer(i128 value) {
  Number number;
  number.negative = value < 0;
  number.significand = value < 0 ? u128{0} - static_cast<u128>(value) : static_cast<u128>(value);
  number.kind = value != 0 ? Kind::finite : Kind::zero;
  return number;
}

i128 to_integer(const Number& number) {
  constexpr i128 far = i128{1} << 100;
  u128 magnitude = 0;
  if (number.kind == Kind::infinity) magnitude = static_cast<u128>(far);
  if (number.kind == Kind::finite) {
    if (bit_length(number.significand) + number.exponent > 100) {
      magnitude = static_cast<u128>(far);
    } else if (number.exponent >= 0) {
      magnitude = number.significand << number.exponent;
    } else if (number.exponent > -128) {
      magnitude = number.significand >> -number.exponent;
    }
  }
  return number.negative ? -static_cast<i128>(magnitude) : static_cast<i128>(magnitude);
}

Number add(Number a, Number b, Direction direction) {
  if (a.kind == Kind::nan) return quieted(a);
  if (b.kind == Kind::nan) return quieted(b);
  if (a.kind == Kind::infinity || b.kind == Kind::infinity) {
    if (a.kind == b.kind && a.negative != b.negative) return made_nan();
    return a.kind == Kind::infinity ? a : b;
  }
  const bool negative_zero = direction == Direction::down;
  if (a.kind == Kind::zero && b.kind == Kind::zero) {
    a.negative = a.negative == b.negative ? a.negative : negative_zero;
    return a;
  }
  if (a.kind == Kind::zero) return b;
  if (b.kind == Kind::zero) return a;
  a = aligned(a);
  b = aligned(b);
  if (a.exponent < b.exponent || (a.exponent == b.exponent && a.significand < b.significand)) {
    std::swap(a, b);
  }
  const u128 smaller = shift_sticky(b.significand, a.exponent - b.exponent);
  a.significand = a.negative == b.negative ? a.significand + smaller : a.significand - smaller;
  if (a.significand == 0) return {Kind::zero, negative_zero, 0, 0};
  return a;
}

Number multiply(Number a, Number b) {
  if (a.kind == Kind::nan) return quieted(a);
  if (b.kind == Kind::nan) return quieted(b);
  const bool negative = a.negative != b.negative;
  const bool infinite = a.kind == Kind::infinity || b.kind == Kind::infinity;
  const bool zero = a.kind == Kind::zero || b.kind == Kind::zero;
  if (infinite && zero) return made_nan();
  if (infinite) return {Kind::infinity, negative, 0, 0};
  if (zero) return {Kind::zero, negative, 0, 0};
  return {Kind::finite, negative, a.exponent + b.exponent, a.significand * b.significand};
}

Number fused_multiply_add(Number a, Number b, Number c, Direction direction) {
  if (a.kind != Kind::nan && b.kind != Kind::nan && c.kind == Kind::nan) return quieted(c);
  return add(multiply(a, b), c, direction);
}

Number scaled(Number number, i128 n) {
  constexpr i128 enough = 20000;
  if (number.kind == Kind::finite)
    number.exponent += static_cast<int>(std::clamp(n, -enough, enough));
  return quieted(number);
}

double to_double(const Number& number) {
  return std::bit_cast<double>(pack(number, format_f64, Direction::nearest_even));
}

Number from_double(double value) {
  return unpack(std::bit_cast<std::uint64_t>(value), format_f64);
}

}  // namespace redbolt::pseudocode
