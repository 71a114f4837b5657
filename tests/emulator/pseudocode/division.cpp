#include "division.hpp"

namespace redbolt::pseudocode {
namespace {

using Kind = Number::Kind;

struct Limits {
  int near_overflow;  // difference of exponents beyond which the quotient needs scaling
  int scale;
  int tiny;       // exponent field of a numerator that is scaled up in any case
  int underflow;  // difference of exponents below which the quotient is 0
};
Limits limits_of(const FloatFormat& format) {
  return format.width == 32 ? Limits{96, 64, 23, -150} : Limits{768, 128, 53, -1075};
}

int exponent_field(std::uint64_t bits, const FloatFormat& format) {
  return static_cast<int>(bits >> format.mantissa_bits) & format.largest_exponent();
}
bool is_denormal(std::uint64_t bits, const FloatFormat& format) {
  const std::uint64_t magnitude = bits & ((std::uint64_t{1} << (format.width - 1)) - 1);
  return magnitude != 0 && exponent_field(bits, format) == 0;
}
bool is_denormal(double value, const FloatFormat& format) {
  return is_denormal(pack(from_double(value), format, Direction::nearest_even), format);
}

Number signed_as(Number number, bool negative) {
  number.negative = negative;
  return number;
}

}  // namespace

ScaledOperand scaled_for_division(std::uint64_t value, std::uint64_t denominator,
                                  std::uint64_t numerator, const FloatFormat& format) {
  const Limits limits = limits_of(format);
  const Number number = unpack(value, format);
  const double n = to_double(unpack(numerator, format));
  const double d = to_double(unpack(denominator, format));
  const bool is_denominator = to_double(number) == d;
  const auto by = [&](int power) { return scaled(number, power); };
  if (n == 0 || d == 0) return {{Kind::nan, false, 0, u128{1} << 51}, false};
  const int difference = exponent_field(numerator, format) - exponent_field(denominator, format);
  if (difference >= limits.near_overflow) return {is_denominator ? by(limits.scale) : number, true};
  if (is_denormal(denominator, format)) return {by(limits.scale), false};
  const bool tiny_quotient = is_denormal(n / d, format);
  if (is_denormal(1 / d, format)) {
    if (!tiny_quotient) return {by(-limits.scale), false};
    return {is_denominator ? by(-limits.scale) : number, true};
  }
  if (tiny_quotient) return {to_double(number) == n ? by(limits.scale) : number, true};
  if (exponent_field(numerator, format) <= limits.tiny) return {by(limits.scale), false};
  return {number, false};
}

Number refined_quotient(const Number& a, const Number& b, std::uint64_t c,
                        const FloatFormat& format, Direction direction) {
  const int scale = limits_of(format).scale;
  const Number sum = fused_multiply_add(a, b, unpack(c, format), direction);
  return scaled(sum, exponent_field(c, format) > format.bias() ? scale : -scale);
}

Number finished_quotient(const Number& quotient, std::uint64_t denominator, std::uint64_t numerator,
                         const FloatFormat& format) {
  const Number n = unpack(numerator, format);
  const Number d = unpack(denominator, format);
  const bool negative = n.negative != d.negative;
  if (n.kind == Kind::nan) return quieted(n);
  if (d.kind == Kind::nan) return quieted(d);
  const bool zeros = n.kind == Kind::zero && d.kind == Kind::zero;
  const bool infinities = n.kind == Kind::infinity && d.kind == Kind::infinity;
  if (zeros || infinities) return {Kind::nan, true, 0, u128{1} << 51};
  if (d.kind == Kind::zero || n.kind == Kind::infinity) return {Kind::infinity, negative, 0, 0};
  if (d.kind == Kind::infinity || n.kind == Kind::zero) return {Kind::zero, negative, 0, 0};
  const int difference = exponent_field(numerator, format) - exponent_field(denominator, format);
  if (difference < limits_of(format).underflow) return {Kind::zero, negative, 0, 0};
  if (difference > format.bias() + 1) return {Kind::infinity, negative, 0, 0};
  return signed_as(quotient, negative);
}

}  // namespace redbolt::pseudocode
