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
};
template <>
struct DivisionLimits<double> {
  static constexpr int mantissa_bits = 52, exponent_mask = 0x7ff, bias = 1023;
  static constexpr int near_overflow = 768, scale = 128, tiny = 53, underflow = -1075;
};

template <class T>
int biased_exponent(T value) {
  using L = DivisionLimits<T>;
  return static_cast<int>(std::bit_cast<BitsOf<T>>(value) >> L::mantissa_bits) & L::exponent_mask;
}

template <class T>
bool is_denormal(T value) {
  return value != 0 && biased_exponent(value) == 0;
}

template <class T>
struct Scaled {
  T value;
  bool rescale;  // the quotient has to be scaled back
};

// `value` is either the denominator or the numerator; both are needed to decide. Where reciprocal
// and quotient are denormal AMD's text scales the denominator up, beyond the largest number; the
// only scaling with which the division comes out right is the one down, as in the case that
// follows.
template <class T>
Scaled<T> divide_scale(T value, T denominator, T numerator) {
  using L = DivisionLimits<T>;
  const auto up = scaled(value, L::scale);
  if (numerator == 0 || denominator == 0) return {std::numeric_limits<T>::quiet_NaN(), false};
  if (biased_exponent(numerator) - biased_exponent(denominator) >= L::near_overflow) {
    return {value == denominator ? up : value, true};
  }
  if (is_denormal(denominator)) return {up, false};
  const bool tiny_reciprocal = is_denormal(T{1} / denominator);
  const bool tiny_quotient = is_denormal(numerator / denominator);
  if (tiny_reciprocal && tiny_quotient) {
    return {value == denominator ? scaled(value, -L::scale) : value, true};
  }
  if (tiny_reciprocal) return {scaled(value, -L::scale), false};
  if (tiny_quotient) return {value == numerator ? up : value, true};
  if (biased_exponent(numerator) <= L::tiny) return {up, false};
  return {value, false};
}

template <class T>
void div_scale(Wave& wave, const Instruction& instruction) {
  Result<T> result;
  Row rescale;
  {
    const Source<T> value(wave, instruction.source[0]);
    const Source<T> denominator(wave, instruction.source[1]);
    const Source<T> numerator(wave, instruction.source[2]);
    for (unsigned i = 0; i < lane_count; ++i) {
      const auto scaled_value = divide_scale<T>(value[i], denominator[i], numerator[i]);
      result.set(i, scaled_value.value);
      rescale.lane[i] = scaled_value.rescale ? 1 : 0;
    }
  }
  result.store(wave, instruction);
  wave.scalar[instruction.scalar_destination] = lane_mask(rescale.lane) & wave.exec();
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
    for (unsigned i = 0; i < lane_count; ++i) result.set(i, fused(a[i], b[i], c[i]));
    for (unsigned i = 0; i < lane_count && rescale != 0; ++i) {
      if ((rescale >> i & 1) == 0) continue;
      const int exponent = biased_exponent(c[i]) > L::bias ? L::scale : -L::scale;
      // One rounding for product, sum and scaling: denormal quotients must not be rounded twice.
      if constexpr (std::is_same_v<T, float>) {
        const double exact = std::fma(static_cast<double>(a[i]), static_cast<double>(b[i]),
                                      static_cast<double>(c[i]));
        result.set(i, static_cast<float>(scaled(exact, exponent)));
      } else {
        result.set(i, scaled(fused(a[i], b[i], c[i]), exponent));
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
