// The steps of an IEEE division: scale the operands so that nothing overflows on the way, scale the
// quotient back, repair the special cases.
#include <bit>
#include <cmath>
#include <limits>

#include "semantics/arithmetic.hpp"
#include "semantics/lanes.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

template <class T>
struct DivisionLimits;
template <>
struct DivisionLimits<float> {
  static constexpr int mantissa_bits = 23, exponent_mask = 0xff, bias = 127;
  static constexpr int near_overflow = 96, scale = 64, tiny = 23, underflow = -150;
  static constexpr double factor = 0x1p64;
};
template <>
struct DivisionLimits<double> {
  static constexpr int mantissa_bits = 52, exponent_mask = 0x7ff, bias = 1023;
  static constexpr int near_overflow = 768, scale = 128, tiny = 53, underflow = -1075;
  static constexpr double factor = 0x1p128;
};

template <class T>
FloatMode mode_of(const Wave& wave) {
  return sizeof(T) == 4 ? f32_mode(wave) : f64_f16_mode(wave);
}

template <class T>
int biased_exponent(T value) {
  using L = DivisionLimits<T>;
  return static_cast<int>(std::bit_cast<BitsOf<T>>(value) >> L::mantissa_bits) & L::exponent_mask;
}

template <class T>
bool is_denormal(T value) {
  return value != 0 && biased_exponent(value) == 0;
}

struct Scaling {
  int power;     // of two that the operand is multiplied by
  bool rescale;  // the quotient has to be scaled back
  bool undefined = false;
};

// `value` is either the denominator or the numerator; both are needed to decide. Where reciprocal
// and quotient are denormal AMD's text scales the denominator up, beyond the largest number; the
// only scaling with which the division comes out right is the one down, as in the case that
// follows.
template <class T>
Scaling scaling_of(T value, T denominator, T numerator) {
  using L = DivisionLimits<T>;
  if (numerator == 0 || denominator == 0) return {0, false, true};
  if (biased_exponent(numerator) - biased_exponent(denominator) >= L::near_overflow) {
    return {value == denominator ? L::scale : 0, true};
  }
  if (is_denormal(denominator)) return {L::scale, false};
  const bool tiny_reciprocal = is_denormal(T{1} / denominator);
  const bool tiny_quotient = is_denormal(numerator / denominator);
  if (tiny_reciprocal && tiny_quotient) return {value == denominator ? -L::scale : 0, true};
  if (tiny_reciprocal) return {-L::scale, false};
  if (tiny_quotient) return {value == numerator ? L::scale : 0, true};
  if (biased_exponent(numerator) <= L::tiny) return {L::scale, false};
  return {0, false};
}

template <class T>
void div_scale(Wave& wave, const Instruction& instruction) {
  Result<T> result;
  Row rescale;
  {
    const Source<T> value(wave, instruction.source[0]);
    const Source<T> denominator(wave, instruction.source[1]);
    const Source<T> numerator(wave, instruction.source[2]);
    Scaling scaling[lane_count];
    for (unsigned i = 0; i < lane_count; ++i) {
      scaling[i] = scaling_of<T>(value[i], denominator[i], numerator[i]);
      rescale.lane[i] = scaling[i].rescale ? 1 : 0;
    }
    const RoundingScope rounding(mode_of<T>(wave).rounding);
    for (unsigned i = 0; i < lane_count; ++i) {
      const T nan = std::numeric_limits<T>::quiet_NaN();
      result.set(i, scaling[i].undefined ? nan : scaled(value[i], scaling[i].power));
    }
  }
  result.store(wave, instruction);
  wave.scalar[instruction.scalar_destination] = lane_mask(rescale.lane) & wave.exec();
}

struct DoubleSum {
  double sum;
  double error;  // sum + error is exact
};
DoubleSum exact_sum(double a, double b) {
  const double sum = a + b;
  const double part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

// The sum rounded to odd: rounding the result once more, to two bits less or fewer, is like
// rounding once.
double to_odd(DoubleSum sum) {
  const auto bits = std::bit_cast<std::uint64_t>(sum.sum);
  if (sum.error == 0 || (bits & 1) != 0 || !std::isfinite(sum.sum)) return sum.sum;
  return std::bit_cast<double>((sum.error > 0) == (sum.sum > 0) ? bits + 1 : bits - 1);
}

// a*b + c to the nearest, and the sign of what is left (Boldo and Melquiond, "Emulation of FMA and
// correctly rounded sums"). `error` has no meaning where the sum is not finite.
DoubleSum exact_fused(double a, double b, double c) {
  const double product = a * b;
  const DoubleSum low = exact_sum(c, std::fma(a, b, -product));
  const DoubleSum high = exact_sum(product, low.sum);
  const DoubleSum result = exact_sum(high.sum, to_odd(exact_sum(high.error, low.error)));
  return std::isfinite(result.sum) ? result : DoubleSum{std::fma(a, b, c), 0};
}

// The sum times a power of two, rounded once. Host arithmetic rounds as asked; `rounded` is the sum
// that it gives.
float scaled_to_float(DoubleSum sum, float rounded, double factor) {
  return sum.sum == 0 ? rounded : static_cast<float>(to_odd(sum) * factor);
}
double scaled_to_double(DoubleSum sum, double rounded, double factor, Rounding rounding) {
  const double result = rounded * factor;
  const bool is_denormal = std::fabs(result) <= std::numeric_limits<double>::min();
  if (sum.error == 0 || !is_denormal) return result;
  // A denormal loses bits a second time: what the sum has lost decides where it is half way.
  const double lost = std::fabs(sum.sum - result / factor);
  const double half_unit = 0x1p-1074 / factor / 2;
  if (rounding == Rounding::nearest_even && lost != half_unit) return result;
  return std::nextafter(sum.sum, sum.error > 0 ? INFINITY : -INFINITY) * factor;
}

// A quotient that was scaled is large when the denominator was scaled up, small when the numerator
// was.
template <class T>
void div_fmas(Wave& wave, const Instruction& instruction) {
  using L = DivisionLimits<T>;
  const std::uint32_t rescale = wave.vcc();
  Result<T> result;
  {
    const Source<T> a(wave, instruction.source[0]);
    const Source<T> b(wave, instruction.source[1]);
    const Source<T> c(wave, instruction.source[2]);
    // One rounding for product, sum and scaling: denormal quotients must not be rounded twice.
    DoubleSum exact[lane_count];
    for (unsigned i = 0; i < lane_count && rescale != 0; ++i)
      exact[i] = exact_fused(a[i], b[i], c[i]);
    const FloatMode modes = mode_of<T>(wave);
    const RoundingScope rounding(modes.rounding);
    for (unsigned i = 0; i < lane_count; ++i) {
      const T rounded = fused(a[i], b[i], c[i]);
      result.set(i, rounded);
      if ((rescale >> i & 1) == 0) continue;
      const double factor = biased_exponent(c[i]) > L::bias ? L::factor : 1 / L::factor;
      if constexpr (std::is_same_v<T, float>) {
        result.set(i, scaled_to_float(exact[i], rounded, factor));
      } else {
        result.set(i, scaled_to_double(exact[i], rounded, factor, modes.rounding));
      }
    }
  }
  result.store(wave, instruction);
}

template <class T>
T with_sign(T magnitude, bool negative) {
  return negative ? -std::fabs(magnitude) : std::fabs(magnitude);
}

template <class T>
T divide_special(T quotient, T denominator, T numerator, bool& special) {
  const T infinity = std::numeric_limits<T>::infinity();
  const bool negative = std::signbit(denominator) != std::signbit(numerator);
  special = true;
  if (numerator != numerator) return quieted(numerator);
  if (denominator != denominator) return quieted(denominator);
  const bool zero_by_zero = numerator == 0 && denominator == 0;
  const bool infinity_by_infinity = std::isinf(numerator) && std::isinf(denominator);
  if (zero_by_zero || infinity_by_infinity) return -std::numeric_limits<T>::quiet_NaN();
  if (denominator == 0 || std::isinf(numerator)) return with_sign(infinity, negative);
  if (std::isinf(denominator) || numerator == 0) return with_sign(T{0}, negative);
  special = false;
  return with_sign(quotient, negative);
}

template <class T>
T divide_fixup(T quotient, T denominator, T numerator) {
  using L = DivisionLimits<T>;
  bool special = false;
  const T result = divide_special(quotient, denominator, numerator, special);
  if (special) return result;
  const int magnitude = biased_exponent(numerator) - biased_exponent(denominator);
  if (magnitude < L::underflow) return with_sign(T{0}, std::signbit(result));
  // Too large even for the scaled division, whose steps have then given a NaN.
  if (magnitude > L::bias + 1) {
    return with_sign(std::numeric_limits<T>::infinity(),
                     std::signbit(denominator) != std::signbit(numerator));
  }
  return result;
}

Half divide_fixup(Half quotient, Half denominator, Half numerator) {
  bool special = false;
  return {divide_special(quotient.value, denominator.value, numerator.value, special)};
}

constexpr Binding bindings[] = {
    {"V_DIV_SCALE_F32", div_scale<float>},
    {"V_DIV_SCALE_F64", div_scale<double>},
    {"V_DIV_FMAS_F32", div_fmas<float>},
    {"V_DIV_FMAS_F64", div_fmas<double>},
    {"V_DIV_FIXUP_F32", lanes<[](float a, float b, float c) { return divide_fixup(a, b, c); }>},
    {"V_DIV_FIXUP_F64", lanes<[](double a, double b, double c) { return divide_fixup(a, b, c); }>},
    {"V_DIV_FIXUP_F16", lanes<[](Half a, Half b, Half c) { return divide_fixup(a, b, c); }>},
};

}  // namespace

std::span<const Binding> vop3_divide_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
