// Values of AMD's pseudocode. Integers are mathematical: the text adds 8-bit fields and shifts the
// sum, so that a width can only mean something where a value is stored, viewed or cast. Floats are
// their bits.
#pragma once

#include <cstdint>

#include "soft_float.hpp"

namespace redbolt::pseudocode {

enum class Kind : std::uint8_t { bits, unsigned_integer, signed_integer, floating, brain_float };

struct Type {
  Kind kind = Kind::bits;
  unsigned width = 32;
  bool is_float() const { return kind == Kind::floating || kind == Kind::brain_float; }
};

struct Value {
  Type type;
  i128 number = 0;  // floats: their bits
};

inline u128 low_bits(i128 value, unsigned width) {
  const auto bits = static_cast<u128>(value);
  return width >= 128 ? bits : bits & ((u128{1} << width) - 1);
}

// The bits of a value as `type` reads them.
inline Value reinterpreted(i128 number, Type type) {
  const u128 bits = low_bits(number, type.width);
  const bool negative =
      type.kind == Kind::signed_integer && type.width < 128 && (bits >> (type.width - 1) & 1) != 0;
  return {type,
          negative ? static_cast<i128>(bits) - (i128{1} << type.width) : static_cast<i128>(bits)};
}

inline const FloatFormat& format_of(Type type) {
  if (type.kind == Kind::brain_float) return format_bf16;
  return type.width == 16 ? format_f16 : type.width == 32 ? format_f32 : format_f64;
}
inline Number number_of(const Value& value) {
  return unpack(static_cast<std::uint64_t>(value.number), format_of(value.type));
}

inline Value make_bool(bool value) {
  return {{Kind::unsigned_integer, 1}, value ? 1 : 0};
}
inline Value make_integer(i128 value, Type type = {Kind::signed_integer, 32}) {
  return {type, value};
}

}  // namespace redbolt::pseudocode
