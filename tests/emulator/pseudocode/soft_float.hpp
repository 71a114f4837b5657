// Floating-point arithmetic on bit patterns, in integers: exact results, rounded once in any of the
// four directions of the MODE register. What the tests hold the emulator's host arithmetic against,
// and therefore written without any.
#pragma once

#include <cstdint>

namespace redbolt::pseudocode {

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 i128;

struct FloatFormat {
  unsigned width;
  unsigned mantissa_bits;
  unsigned exponent_bits;
  int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  int largest_exponent() const { return (1 << exponent_bits) - 1; }
};
inline constexpr FloatFormat format_f16{16, 10, 5};
inline constexpr FloatFormat format_bf16{16, 7, 8};
inline constexpr FloatFormat format_f32{32, 23, 8};
inline constexpr FloatFormat format_f64{64, 52, 11};

// As the MODE register encodes them.
enum class Direction : std::uint8_t { nearest_even = 0, up = 1, down = 2, toward_zero = 3 };

// A number taken apart: significand * 2^exponent. Bit 0 of a wide significand may stand for "and
// something below".
struct Number {
  enum class Kind : std::uint8_t { zero, finite, infinity, nan };
  Kind kind = Kind::zero;
  bool negative = false;
  int exponent = 0;
  u128 significand = 0;  // nan: the mantissa as float64 has it, quiet bit included
};

Number unpack(std::uint64_t bits, const FloatFormat& format);
// Rounds; a NaN keeps what fits of its mantissa, and stays a NaN.
std::uint64_t pack(const Number& number, const FloatFormat& format, Direction direction);

bool is_signaling(const Number& number);
Number quieted(Number number);
Number from_integer(i128 value);
// Towards zero; the caller bounds infinities. 0 for NaN.
i128 to_integer(const Number& number);

// The first NaN among the operands, quieted; a positive quiet NaN where the operation makes one.
Number add(Number a, Number b, Direction direction);
Number multiply(Number a, Number b);
Number fused_multiply_add(Number a, Number b, Number c, Direction direction);
// number * 2^n
Number scaled(Number number, i128 n);

double to_double(const Number& number);  // exact for everything unpacked
Number from_double(double value);

}  // namespace redbolt::pseudocode
