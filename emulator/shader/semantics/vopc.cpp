// Comparisons. The V_CMPX forms share the handlers: the decoder gives them EXEC as destination.
#include <deque>
#include <string>
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
inline float number(Half value) {
  return value.value;
}

// One handler per predicate and type.
template <class T>
struct Compare {
  static constexpr Handler never = compare_lanes<[](T, T) { return false; }>;
  static constexpr Handler less = compare_lanes<[](T a, T b) { return number(a) < number(b); }>;
  static constexpr Handler equal = compare_lanes<[](T a, T b) { return number(a) == number(b); }>;
  static constexpr Handler less_equal =
      compare_lanes<[](T a, T b) { return number(a) <= number(b); }>;
  static constexpr Handler greater = compare_lanes<[](T a, T b) { return number(b) < number(a); }>;
  static constexpr Handler greater_equal =
      compare_lanes<[](T a, T b) { return number(b) <= number(a); }>;
  static constexpr Handler unequal = compare_lanes<[](T a, T b) { return number(a) != number(b); }>;
  static constexpr Handler always = compare_lanes<[](T, T) { return true; }>;
  // Floating point only.
  static constexpr Handler less_or_greater =
      compare_lanes<[](T a, T b) { return number(a) < number(b) || number(b) < number(a); }>;
  static constexpr Handler ordered =
      compare_lanes<[](T a, T b) { return number(a) == number(a) && number(b) == number(b); }>;
  static constexpr Handler unordered =
      compare_lanes<[](T a, T b) { return number(a) != number(a) || number(b) != number(b); }>;
  static constexpr Handler not_greater_equal =
      compare_lanes<[](T a, T b) { return !(number(b) <= number(a)); }>;
  static constexpr Handler not_less_greater =
      compare_lanes<[](T a, T b) { return !(number(a) < number(b) || number(b) < number(a)); }>;
  static constexpr Handler not_greater =
      compare_lanes<[](T a, T b) { return !(number(b) < number(a)); }>;
  static constexpr Handler not_less_equal =
      compare_lanes<[](T a, T b) { return !(number(a) <= number(b)); }>;
  static constexpr Handler not_less =
      compare_lanes<[](T a, T b) { return !(number(a) < number(b)); }>;
};

// Bits of the class mask: signaling NaN, quiet NaN, -infinity, -normal, -denormal, -0, +0,
// +denormal, +normal, +infinity.
template <unsigned mantissa_bits, class Bits>
bool in_class(Bits bits, u32 mask) {
  constexpr unsigned width = sizeof(Bits) * 8;
  constexpr Bits one = 1;
  constexpr Bits infinity =
      static_cast<Bits>(((one << (width - 1 - mantissa_bits)) - 1) << mantissa_bits);
  const bool negative = (bits >> (width - 1)) != 0;
  const Bits magnitude = static_cast<Bits>(bits & static_cast<Bits>(~(one << (width - 1))));
  const bool quiet = (magnitude >> (mantissa_bits - 1) & 1) != 0;
  u32 kind = magnitude == 0                       ? 6
             : magnitude < (one << mantissa_bits) ? 7
             : magnitude < infinity               ? 8
                                                  : 9;
  kind = negative ? 11 - kind : kind;
  kind = magnitude > infinity ? (quiet ? 1 : 0) : kind;
  return (mask >> kind & 1) != 0;
}

struct Named {
  const char* predicate;
  Handler handler;
};

template <class T>
constexpr Named float_comparisons[] = {
    {"F", Compare<T>::never},
    {"LT", Compare<T>::less},
    {"EQ", Compare<T>::equal},
    {"LE", Compare<T>::less_equal},
    {"GT", Compare<T>::greater},
    {"LG", Compare<T>::less_or_greater},
    {"GE", Compare<T>::greater_equal},
    {"O", Compare<T>::ordered},
    {"U", Compare<T>::unordered},
    {"NGE", Compare<T>::not_greater_equal},
    {"NLG", Compare<T>::not_less_greater},
    {"NGT", Compare<T>::not_greater},
    {"NLE", Compare<T>::not_less_equal},
    {"NEQ", Compare<T>::unequal},
    {"NLT", Compare<T>::not_less},
    {"T", Compare<T>::always},
};

template <class T>
constexpr Named integer_comparisons[] = {
    {"F", Compare<T>::never},          {"LT", Compare<T>::less},    {"EQ", Compare<T>::equal},
    {"LE", Compare<T>::less_equal},    {"GT", Compare<T>::greater}, {"NE", Compare<T>::unequal},
    {"GE", Compare<T>::greater_equal}, {"T", Compare<T>::always},
};

constexpr Handler class_f32 = compare_lanes<[](u32 a, u32 b) { return in_class<23>(a, b); }>;
constexpr Handler class_f64 = compare_lanes<[](u64 a, u32 b) { return in_class<52>(a, b); }>;
constexpr Handler class_f16 = compare_lanes<[](u16 a, u16 b) { return in_class<10>(a, b); }>;

// Bindings with names made of their parts: V_CMP_LT_F32, V_CMPX_LT_F32 and so on.
class Table {
 public:
  Table() {
    add("F32", float_comparisons<float>);
    add("F64", float_comparisons<double>);
    add("F16", float_comparisons<Half>);
    add("I32", integer_comparisons<i32>);
    add("U32", integer_comparisons<u32>);
    add("I64", integer_comparisons<i64>);
    add("U64", integer_comparisons<u64>);
    add("I16", integer_comparisons<i16>);
    add("U16", integer_comparisons<u16>);
    const Named classes[] = {
        {"CLASS_F32", class_f32}, {"CLASS_F64", class_f64}, {"CLASS_F16", class_f16}};
    for (const Named& item : classes) add_both(item.predicate, item.handler);
  }
  std::span<const Binding> bindings() const { return bindings_; }

 private:
  void add(const std::string& type, std::span<const Named> comparisons) {
    for (const Named& item : comparisons)
      add_both(std::string(item.predicate) + "_" + type, item.handler);
  }
  void add_both(const std::string& name, Handler handler) {
    for (const char* prefix : {"V_CMP_", "V_CMPX_"}) {
      names_.push_back(prefix + name);
      bindings_.push_back({names_.back().c_str(), handler});
    }
  }
  std::deque<std::string> names_;  // what the bindings point at
  std::vector<Binding> bindings_;
};

}  // namespace

std::span<const Binding> vopc_bindings() {
  static const Table table;
  return table.bindings();
}

}  // namespace redbolt::emulator
