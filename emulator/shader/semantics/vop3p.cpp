// Packed operations on two 16-bit values, and FMA on a mixture of float16 and float32. Dot products
// are in dot.cpp, matrix operations in wmma.cpp.
#include <algorithm>

#include "semantics/arithmetic.hpp"
#include "semantics/lanes.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using i32 = std::int32_t;
using u16 = std::uint16_t;
using i16 = std::int16_t;
using i64 = std::int64_t;

u16 wrapped(u32 value) {
  return static_cast<u16>(value);
}
u16 saturate_u16(i64 value) {
  return static_cast<u16>(std::clamp<i64>(value, 0, 65535));
}
i16 saturate_i16(i32 value) {
  return static_cast<i16>(std::clamp(value, -32768, 32767));
}

// One source of FMA_MIX as floats.
class MixedSource {
 public:
  MixedSource(const Wave& wave, Operand operand) {
    const std::uint8_t modifiers = operand.modifiers;
    operand.modifiers &= modifier::negate;
    if ((modifiers & modifier::negate_high) != 0) operand.modifiers |= modifier::absolute;
    if ((modifiers & modifier::high_from_high) != 0) {
      operand.modifiers |= modifiers & modifier::high_half;
      const Source<Half> half(wave, operand);
      for (unsigned i = 0; i < lane_count; ++i) row_.lane[i] = half[i].value;
    } else {
      const Source<float> single(wave, operand);
      for (unsigned i = 0; i < lane_count; ++i) row_.lane[i] = single[i];
    }
  }
  MixedSource(const MixedSource&) = delete;
  float operator[](unsigned lane) const { return row_.lane[lane]; }

 private:
  FloatRow row_;
};

// The sum is rounded to float32; a float16 result is rounded a second time.
template <class R>
void fused_mixed(Wave& wave, const Instruction& instruction) {
  Result<R> result;
  {
    const MixedSource a(wave, instruction.source[0]);
    const MixedSource b(wave, instruction.source[1]);
    const MixedSource c(wave, instruction.source[2]);
    const RoundingScope rounding(f32_mode(wave).rounding);
    for (unsigned i = 0; i < lane_count; ++i) result.set(i, R{fused(a[i], b[i], c[i])});
  }
  result.store(wave, instruction);
}

constexpr auto valu = InstructionClass::valu;

constexpr Binding bindings[] = {
    {"V_PK_MAD_I16", packed_lanes<[](u16 a, u16 b, u16 c) { return wrapped(u32{a} * b + c); }>,
     valu, packed_lanes<[](i16 a, i16 b, i16 c) { return saturate_i16(a * b + c); }>},
    {"V_PK_MAD_U16", packed_lanes<[](u16 a, u16 b, u16 c) { return wrapped(u32{a} * b + c); }>,
     valu, packed_lanes<[](u16 a, u16 b, u16 c) { return saturate_u16(i64{a} * b + c); }>},
    {"V_PK_MUL_LO_U16", packed_lanes<[](u16 a, u16 b) { return wrapped(u32{a} * b); }>},
    {"V_PK_ADD_I16", packed_lanes<[](u16 a, u16 b) { return wrapped(u32{a} + b); }>, valu,
     packed_lanes<[](i16 a, i16 b) { return saturate_i16(a + b); }>},
    {"V_PK_SUB_I16", packed_lanes<[](u16 a, u16 b) { return wrapped(u32{a} - b); }>, valu,
     packed_lanes<[](i16 a, i16 b) { return saturate_i16(a - b); }>},
    {"V_PK_ADD_U16", packed_lanes<[](u16 a, u16 b) { return wrapped(u32{a} + b); }>, valu,
     packed_lanes<[](u16 a, u16 b) { return saturate_u16(i64{a} + b); }>},
    {"V_PK_SUB_U16", packed_lanes<[](u16 a, u16 b) { return wrapped(u32{a} - b); }>, valu,
     packed_lanes<[](u16 a, u16 b) { return saturate_u16(i64{a} - b); }>},
    {"V_PK_LSHLREV_B16", packed_lanes<[](u16 a, u16 b) { return wrapped(u32{b} << (a & 15)); }>},
    {"V_PK_LSHRREV_B16", packed_lanes<[](u16 a, u16 b) { return wrapped(u32{b} >> (a & 15)); }>},
    {"V_PK_ASHRREV_I16",
     packed_lanes<[](u16 a, i16 b) { return static_cast<i16>(b >> (a & 15)); }>},
    {"V_PK_MAX_I16", packed_lanes<[](i16 a, i16 b) { return std::max(a, b); }>},
    {"V_PK_MIN_I16", packed_lanes<[](i16 a, i16 b) { return std::min(a, b); }>},
    {"V_PK_MAX_U16", packed_lanes<[](u16 a, u16 b) { return std::max(a, b); }>},
    {"V_PK_MIN_U16", packed_lanes<[](u16 a, u16 b) { return std::min(a, b); }>},
    {"V_PK_FMA_F16", packed_lanes<[](Half a, Half b, Half c) { return fused(a, b, c); }>},
    {"V_PK_ADD_F16", packed_lanes<[](Half a, Half b) { return Half{a.value + b.value}; }>},
    {"V_PK_MUL_F16", packed_lanes<[](Half a, Half b) { return Half{a.value * b.value}; }>},
    {"V_FMA_MIX_F32", fused_mixed<float>},
    {"V_FMA_MIXLO_F16", fused_mixed<HalfToOdd>},
    {"V_FMA_MIXHI_F16", fused_mixed<HalfToOdd>},
};

// VOP2 has no OP_SEL: both halves as they lie.
void packed_fused_accumulate(Wave& wave, const Instruction& instruction) {
  Instruction both = instruction;
  for (auto& source : both.source) source.modifiers |= modifier::high_from_high;
  packed_lanes<[](Half a, Half b, Half c) { return fused(a, b, c); }>(wave, both);
}

constexpr Binding short_bindings[] = {{"V_PK_FMAC_F16", packed_fused_accumulate}};

}  // namespace

std::span<const Binding> vop3p_bindings() {
  return bindings;
}
std::span<const Binding> packed_vop2_bindings() {
  return short_bindings;
}

}  // namespace redbolt::emulator
