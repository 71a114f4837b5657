// Conversions and the parts of floating-point numbers.
#include <algorithm>
#include <bit>
#include <cmath>

#include "semantics/arithmetic.hpp"
#include "semantics/lanes.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using i32 = std::int32_t;
using u16 = std::uint16_t;
using i16 = std::int16_t;

// Four bits as a number in sixteenths: 0..7/16, then -8/16..-1/16.
float sixteenths(u32 value) {
  const i32 four_bits = static_cast<i32>(value << 28) >> 28;
  return static_cast<float>(four_bits) * 0.0625f;
}

template <class T>
T fraction(T value) {
  // Below 1 even where the difference rounds up to it.
  constexpr T largest =
      sizeof(T) == 8 ? static_cast<T>(0x1.fffffffffffffp-1) : static_cast<T>(0x1.fffffep-1f);
  const T difference = value - std::floor(value);
  return difference > largest ? largest : difference;
}

template <class T>
bool is_finite(T value) {
  return std::fabs(value) < std::numeric_limits<T>::infinity();
}

// value = mantissa * 2^exponent with the mantissa in [0.5, 1).
template <class T>
i32 binary_exponent(T value) {
  if (!is_finite(value) || value == 0) return 0;
  int exponent = 0;
  static_cast<void>(std::frexp(value, &exponent));
  return exponent;
}
template <class T>
T binary_mantissa(T value) {
  if (!is_finite(value) || value == 0) return value;
  int exponent = 0;
  return std::frexp(value, &exponent);
}

i16 to_i16(float value) {
  return static_cast<i16>(std::clamp(to_integer<i32>(value), -32768, 32767));
}
u16 to_u16(float value) {
  return static_cast<u16>(std::clamp(to_integer<i32>(value), 0, 65535));
}

// In double, so that the product is rounded once, to the integer.
double bounded(double value, double low, double high) {
  return value != value ? 0.0 : value < low ? low : value > high ? high : value;
}
i16 to_snorm16(float value) {
  return static_cast<i16>(std::nearbyint(bounded(value, -1.0, 1.0) * 32767.0));
}
u16 to_unorm16(float value) {
  return static_cast<u16>(std::nearbyint(bounded(value, 0.0, 1.0) * 65535.0));
}

template <unsigned n>
float byte_to_float(u32 value) {
  return static_cast<float>(static_cast<i32>(value >> (8 * n) & 0xff));
}

constexpr Binding bindings[] = {
    {"V_CVT_I32_F64", lanes<[](double a) { return to_integer<i32>(a); }>},
    {"V_CVT_U32_F64", lanes<[](double a) { return to_integer<u32>(a); }>},
    {"V_CVT_F64_I32", lanes<[](i32 a) { return static_cast<double>(a); }>},
    {"V_CVT_F64_U32", lanes<[](u32 a) { return static_cast<double>(a); }>},
    {"V_CVT_F32_I32", lanes<[](i32 a) { return static_cast<float>(a); }>},
    {"V_CVT_F32_U32", lanes<[](u32 a) { return static_cast<float>(a); }>},
    {"V_CVT_U32_F32", lanes<[](float a) { return to_integer<u32>(a); }>},
    {"V_CVT_I32_F32", lanes<[](float a) { return to_integer<i32>(a); }>},
    {"V_CVT_F16_F32", lanes<[](float a) { return HalfToOdd{a}; }>},
    {"V_CVT_F32_F16", lanes<[](Half a) { return a.value; }>},
    {"V_CVT_NEAREST_I32_F32",
     lanes<[](float a) { return to_integer<i32>(std::floor(double{a} + 0.5)); }>},
    {"V_CVT_FLOOR_I32_F32", lanes<[](float a) { return to_integer<i32>(std::floor(a)); }>},
    {"V_CVT_OFF_F32_I4", lanes<[](u32 a) { return sixteenths(a); }>},
    {"V_CVT_F32_F64", lanes<[](double a) { return static_cast<float>(a); }>},
    {"V_CVT_F64_F32", lanes<[](float a) { return static_cast<double>(a); }>},
    {"V_CVT_F32_UBYTE0", lanes<[](u32 a) { return byte_to_float<0>(a); }>},
    {"V_CVT_F32_UBYTE1", lanes<[](u32 a) { return byte_to_float<1>(a); }>},
    {"V_CVT_F32_UBYTE2", lanes<[](u32 a) { return byte_to_float<2>(a); }>},
    {"V_CVT_F32_UBYTE3", lanes<[](u32 a) { return byte_to_float<3>(a); }>},
    {"V_TRUNC_F64", lanes<[](double a) { return std::trunc(a); }>},
    {"V_CEIL_F64", lanes<[](double a) { return std::ceil(a); }>},
    {"V_RNDNE_F64", rounding_to_nearest<lanes<[](double a) { return std::nearbyint(a); }>>},
    {"V_FLOOR_F64", lanes<[](double a) { return std::floor(a); }>},
    {"V_FRACT_F64", lanes<[](double a) { return fraction(a); }>},
    {"V_FRACT_F32", lanes<[](float a) { return fraction(a); }>},
    {"V_TRUNC_F32", lanes<[](float a) { return std::trunc(a); }>},
    {"V_CEIL_F32", lanes<[](float a) { return std::ceil(a); }>},
    {"V_RNDNE_F32", rounding_to_nearest<lanes<[](float a) { return std::nearbyint(a); }>>},
    {"V_FLOOR_F32", lanes<[](float a) { return std::floor(a); }>},
    {"V_FREXP_EXP_I32_F64", lanes<[](double a) { return binary_exponent(a); }>},
    {"V_FREXP_MANT_F64", lanes<[](double a) { return binary_mantissa(a); }>},
    {"V_FREXP_EXP_I32_F32", lanes<[](float a) { return binary_exponent(a); }>},
    {"V_FREXP_MANT_F32", lanes<[](float a) { return binary_mantissa(a); }>},
    {"V_CVT_F16_U16", lanes<[](u16 a) { return HalfToOdd{static_cast<float>(a)}; }>},
    {"V_CVT_F16_I16", lanes<[](i16 a) { return HalfToOdd{static_cast<float>(a)}; }>},
    {"V_CVT_U16_F16", lanes<[](Half a) { return to_u16(a.value); }>},
    {"V_CVT_I16_F16", lanes<[](Half a) { return to_i16(a.value); }>},
    {"V_FREXP_MANT_F16", lanes<[](Half a) { return Half{binary_mantissa(a.value)}; }>},
    {"V_FREXP_EXP_I16_F16",
     lanes<[](Half a) { return static_cast<i16>(binary_exponent(a.value)); }>},
    {"V_FLOOR_F16", lanes<[](Half a) { return Half{std::floor(a.value)}; }>},
    {"V_CEIL_F16", lanes<[](Half a) { return Half{std::ceil(a.value)}; }>},
    {"V_TRUNC_F16", lanes<[](Half a) { return Half{std::trunc(a.value)}; }>},
    {"V_RNDNE_F16",
     rounding_to_nearest<lanes<[](Half a) { return Half{std::nearbyint(a.value)}; }>>},
    {"V_FRACT_F16", lanes<[](Half a) {
       constexpr float largest = 0x1.ffcp-1f;  // of float16, below 1
       return Half{std::min(a.value - std::floor(a.value), largest)};
     }>},
    {"V_CVT_NORM_I16_F16", lanes<[](Half a) { return to_snorm16(a.value); }>},
    {"V_CVT_NORM_U16_F16", lanes<[](Half a) { return to_unorm16(a.value); }>},
    {"V_CVT_I32_I16", lanes<[](i16 a) { return i32{a}; }>},
    {"V_CVT_U32_U16", lanes<[](u16 a) { return u32{a}; }>},
};

}  // namespace

std::span<const Binding> vop1_convert_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
