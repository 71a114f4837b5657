// Comparisons. The V_CMPX forms share the handlers: the decoder gives them EXEC as destination.
#include <array>
#include <vector>

#include "semantics/arithmetic.hpp"
#include "semantics/lanes.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using i32 = std::int32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;
using u16 = std::uint16_t;
using i16 = std::int16_t;

template <class T>
auto number(T value) {
  return value;
}
inline float number(Half value) { return value.value; }

// One handler per predicate and type.
template <class T>
struct Compare {
  static constexpr Handler never = compare_lanes<[](T, T) { return false; }>;
  static constexpr Handler less = compare_lanes<[](T a, T b) { return number(a) < number(b); }>;
  static constexpr Handler equal = compare_lanes<[](T a, T b) { return number(a) == number(b); }>;
  static constexpr Handler less_equal = compare_lanes<[](T a, T b) { return number(a) <= number(b); }>;
  static constexpr Handler greater = compare_lanes<[](T a, T b) { return number(b) < number(a); }>;
  static constexpr Handler greater_equal = compare_lanes<[](T a, T b) { return number(b) <= number(a); }>;
  static constexpr Handler unequal = compare_lanes<[](T a, T b) { return number(a) != number(b); }>;
  static constexpr Handler always = compare_lanes<[](T, T) { return true; }>;
  // Floating point only.
  static constexpr Handler less_or_greater = compare_lanes<[](T a, T b) {
    return number(a) < number(b) || number(b) < number(a);
  }>;
  static constexpr Handler ordered = compare_lanes<[](T a, T b) {
    return number(a) == number(a) && number(b) == number(b);
  }>;
  static constexpr Handler unordered = compare_lanes<[](T a, T b) {
    return number(a) != number(a) || number(b) != number(b);
  }>;
  static constexpr Handler not_greater_equal = compare_lanes<[](T a, T b) { return !(number(b) <= number(a)); }>;
  static constexpr Handler not_less_greater = compare_lanes<[](T a, T b) {
    return !(number(a) < number(b) || number(b) < number(a));
  }>;
  static constexpr Handler not_greater = compare_lanes<[](T a, T b) { return !(number(b) < number(a)); }>;
  static constexpr Handler not_less_equal = compare_lanes<[](T a, T b) { return !(number(a) <= number(b)); }>;
  static constexpr Handler not_less = compare_lanes<[](T a, T b) { return !(number(a) < number(b)); }>;
};

// Bits of the class mask: signaling NaN, quiet NaN, -infinity, -normal, -denormal, -0, +0, +denormal,
// +normal, +infinity.
template <unsigned mantissa_bits, class Bits>
bool in_class(Bits bits, u32 mask) {
  constexpr unsigned width = sizeof(Bits) * 8;
  constexpr Bits one = 1;
  constexpr Bits infinity = static_cast<Bits>(((one << (width - 1 - mantissa_bits)) - 1) << mantissa_bits);
  const bool negative = (bits >> (width - 1)) != 0;
  const Bits magnitude = static_cast<Bits>(bits & static_cast<Bits>(~(one << (width - 1))));
  const bool quiet = (magnitude >> (mantissa_bits - 1) & 1) != 0;
  u32 kind = magnitude == 0 ? 6 : magnitude < (one << mantissa_bits) ? 7 : magnitude < infinity ? 8 : 9;
  kind = negative ? 11 - kind : kind;
  kind = magnitude > infinity ? (quiet ? 1 : 0) : kind;
  return (mask >> kind & 1) != 0;
}

#define REDBOLT_BOTH(name) {"V_CMP_" name, "V_CMPX_" name}

template <class T>
constexpr auto float_table(const char* const (&names)[16][2]) {
  using C = Compare<T>;
  const Handler handlers[16] = {C::never, C::less, C::equal, C::less_equal, C::greater,
                                C::less_or_greater, C::greater_equal, C::ordered, C::unordered,
                                C::not_greater_equal, C::not_less_greater, C::not_greater,
                                C::not_less_equal, C::unequal, C::not_less, C::always};
  std::array<Binding, 32> result{};
  for (std::size_t i = 0; i < 32; ++i) {
    result[i] = Binding{names[i / 2][i % 2], handlers[i / 2], InstructionClass::valu};
  }
  return result;
}

template <class T>
constexpr auto integer_table(const char* const (&names)[8][2]) {
  using C = Compare<T>;
  const Handler handlers[8] = {C::never, C::less, C::equal, C::less_equal, C::greater, C::unequal,
                               C::greater_equal, C::always};
  std::array<Binding, 16> result{};
  for (std::size_t i = 0; i < 16; ++i) {
    result[i] = Binding{names[i / 2][i % 2], handlers[i / 2], InstructionClass::valu};
  }
  return result;
}

#define REDBOLT_FLOAT_NAMES(type)                                                                  \
  {REDBOLT_BOTH("F_" type),   REDBOLT_BOTH("LT_" type),  REDBOLT_BOTH("EQ_" type),                 \
   REDBOLT_BOTH("LE_" type),  REDBOLT_BOTH("GT_" type),  REDBOLT_BOTH("LG_" type),                 \
   REDBOLT_BOTH("GE_" type),  REDBOLT_BOTH("O_" type),   REDBOLT_BOTH("U_" type),                  \
   REDBOLT_BOTH("NGE_" type), REDBOLT_BOTH("NLG_" type), REDBOLT_BOTH("NGT_" type),                \
   REDBOLT_BOTH("NLE_" type), REDBOLT_BOTH("NEQ_" type), REDBOLT_BOTH("NLT_" type),                \
   REDBOLT_BOTH("T_" type)}
#define REDBOLT_INTEGER_NAMES(type)                                                                \
  {REDBOLT_BOTH("F_" type),  REDBOLT_BOTH("LT_" type), REDBOLT_BOTH("EQ_" type),                   \
   REDBOLT_BOTH("LE_" type), REDBOLT_BOTH("GT_" type), REDBOLT_BOTH("NE_" type),                   \
   REDBOLT_BOTH("GE_" type), REDBOLT_BOTH("T_" type)}

constexpr Handler class_f32 = compare_lanes<[](u32 a, u32 b) { return in_class<23>(a, b); }>;
constexpr Handler class_f64 = compare_lanes<[](u64 a, u32 b) { return in_class<52>(a, b); }>;
constexpr Handler class_f16 = compare_lanes<[](u16 a, u16 b) { return in_class<10>(a, b); }>;

std::vector<Binding> make_bindings() {
  std::vector<Binding> all = {
      {"V_CMP_CLASS_F32", class_f32}, {"V_CMPX_CLASS_F32", class_f32},
      {"V_CMP_CLASS_F64", class_f64}, {"V_CMPX_CLASS_F64", class_f64},
      {"V_CMP_CLASS_F16", class_f16}, {"V_CMPX_CLASS_F16", class_f16},
  };
  const auto add = [&](const auto& table) { all.insert(all.end(), table.begin(), table.end()); };
  add(float_table<float>(REDBOLT_FLOAT_NAMES("F32")));
  add(float_table<double>(REDBOLT_FLOAT_NAMES("F64")));
  add(float_table<Half>(REDBOLT_FLOAT_NAMES("F16")));
  add(integer_table<i32>(REDBOLT_INTEGER_NAMES("I32")));
  add(integer_table<u32>(REDBOLT_INTEGER_NAMES("U32")));
  add(integer_table<i64>(REDBOLT_INTEGER_NAMES("I64")));
  add(integer_table<u64>(REDBOLT_INTEGER_NAMES("U64")));
  add(integer_table<i16>(REDBOLT_INTEGER_NAMES("I16")));
  add(integer_table<u16>(REDBOLT_INTEGER_NAMES("U16")));
  return all;
}

}  // namespace

std::span<const Binding> vopc_bindings() {
  static const std::vector<Binding> bindings = make_bindings();
  return bindings;
}

}  // namespace redbolt::emulator
