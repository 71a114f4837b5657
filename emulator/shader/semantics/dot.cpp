// Dot products of packed 16-, 8- and 4-bit values with a 32-bit (or 16-bit) accumulator.
//
// AMD's definition adds one product after the other and does not say where floating-point
// intermediates are rounded; here each addition is rounded to the accumulator's type.
#include <bit>
#include <cmath>
#include <cstdint>

#include "semantics/float16_types.hpp"
#include "semantics/lanes.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using i32 = std::int32_t;
using i64 = std::int64_t;

// The pair of 16-bit values that a VOP3P source stands for: OP_SEL and OP_SEL_HI choose the halves,
// NEG and NEG_HI their signs.
class PackedSource {
 public:
  PackedSource(const Wave& wave, const Operand& operand)
      : bits_(raw_row(wave, operand, space_)), modifiers_(operand.modifiers) {}
  u32 low(unsigned lane) const { return half(lane, modifier::high_half, modifier::negate); }
  u32 high(unsigned lane) const {
    return half(lane, modifier::high_from_high, modifier::negate_high);
  }

 private:
  u32 half(unsigned lane, std::uint8_t selects_high, std::uint8_t negates) const {
    const u32 value = (modifiers_ & selects_high) != 0 ? bits_[lane] >> 16 : bits_[lane] & 0xffff;
    return (modifiers_ & negates) != 0 ? value ^ 0x8000 : value;
  }
  Row space_;
  const u32* bits_;
  std::uint8_t modifiers_;
};

// D.f32 = A.lo * B.lo + A.hi * B.hi + C.f32. Products of two 16-bit values are exact in float.
template <class Type>
void dot2_to_float(Wave& wave, const Instruction& instruction) {
  const PackedSource a(wave, instruction.source[0]);
  const PackedSource b(wave, instruction.source[1]);
  const Source<float> c(wave, instruction.source[2]);
  const OutputChange changed(wave, instruction, f32_mode(wave));
  Row result;
  for (unsigned i = 0; i < lane_count; ++i) {
    float sum = std::fma(Type::widened(a.low(i)), Type::widened(b.low(i)), c[i]);
    sum = std::fma(Type::widened(a.high(i)), Type::widened(b.high(i)), sum);
    result.lane[i] = std::bit_cast<u32>(changed(sum));
  }
  store_row(wave, instruction.destination, result.lane);
}

// VOP2 and VOPD: no modifiers, both halves of the registers.
template <class Type>
void dot2_accumulate(Wave& wave, const Instruction& instruction) {
  const Source<u32> a(wave, instruction.source[0]);
  const Source<u32> b(wave, instruction.source[1]);
  const Source<float> c(wave, instruction.source[2]);
  const OutputChange changed(wave, instruction, f32_mode(wave));
  Row result;
  for (unsigned i = 0; i < lane_count; ++i) {
    float sum = std::fma(Type::widened(a[i] & 0xffff), Type::widened(b[i] & 0xffff), c[i]);
    sum = std::fma(Type::widened(a[i] >> 16), Type::widened(b[i] >> 16), sum);
    result.lane[i] = std::bit_cast<u32>(sum);
  }
  store_row(wave, instruction.destination, result.lane);
}

// VOP3: 16-bit accumulator and result, in the halves that OP_SEL chooses.
template <class Type>
void dot2_to_half(Wave& wave, const Instruction& instruction) {
  const Source<u32> a(wave, instruction.source[0]);
  const Source<u32> b(wave, instruction.source[1]);
  const Source<std::uint16_t> c(wave, instruction.source[2]);
  Row result;
  for (unsigned i = 0; i < lane_count; ++i) {
    u32 sum = Type::rounded(
        std::fma(Type::widened(a[i] & 0xffff), Type::widened(b[i] & 0xffff), Type::widened(c[i])));
    sum = Type::rounded(
        std::fma(Type::widened(a[i] >> 16), Type::widened(b[i] >> 16), Type::widened(sum)));
    result.lane[i] = sum;
  }
  store_half_row(wave, instruction, result.lane);
}

template <unsigned bits>
i32 element(u32 packed, unsigned index, bool is_signed) {
  const u32 value = packed >> (index * bits);
  if (is_signed) return static_cast<i32>(value << (32 - bits)) >> (32 - bits);
  return static_cast<i32>(value & ((1u << bits) - 1));
}

bool negates(const Operand& operand) {
  return (operand.modifiers & modifier::negate) != 0;
}

i32 saturate_i32(i64 value) {
  return static_cast<i32>(value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : value);
}

// The NEG bits say which sides are signed.
template <unsigned bits, bool saturating>
void dot_mixed_sign(Wave& wave, const Instruction& instruction) {
  Row spaces[3];
  const u32* a = raw_row(wave, instruction.source[0], spaces[0]);
  const u32* b = raw_row(wave, instruction.source[1], spaces[1]);
  const u32* c = raw_row(wave, instruction.source[2], spaces[2]);
  const bool a_signed = negates(instruction.source[0]);
  const bool b_signed = negates(instruction.source[1]);
  Row result;
  for (unsigned i = 0; i < lane_count; ++i) {
    i64 sum = static_cast<i32>(c[i]);
    for (unsigned k = 0; k < 32 / bits; ++k) {
      sum += element<bits>(a[i], k, a_signed) * element<bits>(b[i], k, b_signed);
    }
    result.lane[i] = static_cast<u32>(saturating ? saturate_i32(sum) : static_cast<i32>(sum));
  }
  store_row(wave, instruction.destination, result.lane);
}

template <unsigned bits, bool saturating>
void dot_unsigned(Wave& wave, const Instruction& instruction) {
  const Source<u32> a(wave, instruction.source[0]);
  const Source<u32> b(wave, instruction.source[1]);
  const Source<u32> c(wave, instruction.source[2]);
  Row result;
  for (unsigned i = 0; i < lane_count; ++i) {
    std::uint64_t sum = c[i];
    for (unsigned k = 0; k < 32 / bits; ++k) {
      sum += static_cast<u32>(element<bits>(a[i], k, false) * element<bits>(b[i], k, false));
    }
    result.lane[i] = saturating && sum > UINT32_MAX ? UINT32_MAX : static_cast<u32>(sum);
  }
  store_row(wave, instruction.destination, result.lane);
}

constexpr auto dot = InstructionClass::valu_dot;

constexpr Binding bindings[] = {
    {"V_DOT2_F32_F16", dot2_to_float<F16>, dot},
    {"V_DOT2_F32_BF16", dot2_to_float<BF16>, dot},
    {"V_DOT2ACC_F32_F16", dot2_accumulate<F16>, dot},
    {"V_DOT2ACC_F32_BF16", dot2_accumulate<BF16>, dot},
    {"V_DOT2_F16_F16", dot2_to_half<F16>, dot},
    {"V_DOT2_BF16_BF16", dot2_to_half<BF16>, dot},
    {"V_DOT4_I32_IU8", dot_mixed_sign<8, false>, dot, dot_mixed_sign<8, true>},
    {"V_DOT8_I32_IU4", dot_mixed_sign<4, false>, dot, dot_mixed_sign<4, true>},
    {"V_DOT4_U32_U8", dot_unsigned<8, false>, dot, dot_unsigned<8, true>},
    {"V_DOT8_U32_U4", dot_unsigned<4, false>, dot, dot_unsigned<4, true>},
};

}  // namespace

std::span<const Binding> dot_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
