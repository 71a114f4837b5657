// Two-source vector operations; most exist as VOP2, VOP3, DPP and VOPD.
#include <algorithm>

#include "semantics/arithmetic.hpp"
#include "semantics/lanes.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using i32 = std::int32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;

i32 signed24(i32 value) {
  return static_cast<i32>(static_cast<u32>(value) << 8) >> 8;
}
u32 unsigned24(u32 value) {
  return value & 0xffffff;
}

// DX9 rules: zero times anything is zero.
float multiply_dx9(float a, float b) {
  return a == 0.0f || b == 0.0f ? 0.0f : a * b;
}
float fused_dx9(float a, float b, float c) {
  return a == 0.0f || b == 0.0f ? c : fused(a, b, c);
}

u32 saturate_u32(i64 value) {
  return static_cast<u32>(std::clamp<i64>(value, 0, 0xffffffff));
}

// Only the rounding does not follow MODE.
void pack_toward_zero(Wave& wave, const Instruction& instruction) {
  Row result;
  {
    const Source<float> a(wave, instruction.source[0]);
    const Source<float> b(wave, instruction.source[1]);
    const bool flush = f64_f16_mode(wave).flush_results;
    const auto half = [&](float value) {
      const u32 bits = float_to_half_portable(value, Rounding::toward_zero);
      return flush ? flush_f16(bits) : bits;
    };
    for (unsigned i = 0; i < lane_count; ++i) result.lane[i] = half(a[i]) | half(b[i]) << 16;
  }
  store_row(wave, instruction.destination, result.lane);
}

// The third source is a lane mask.
void select_by_mask(Wave& wave, const Instruction& instruction) {
  const u32 mask = wave.scalar[instruction.source[2].value];
  const Source<u32> if_clear(wave, instruction.source[0]);
  const Source<u32> if_set(wave, instruction.source[1]);
  Row result;
  for (unsigned i = 0; i < lane_count; ++i) {
    result.lane[i] = (mask >> i & 1) != 0 ? if_set[i] : if_clear[i];
  }
  store_row(wave, instruction.destination, result.lane);
}

void select_half_by_mask(Wave& wave, const Instruction& instruction) {
  const u32 mask = wave.scalar[instruction.source[2].value];
  const Source<std::uint16_t> if_clear(wave, instruction.source[0]);
  const Source<std::uint16_t> if_set(wave, instruction.source[1]);
  Row result;
  for (unsigned i = 0; i < lane_count; ++i) {
    result.lane[i] = (mask >> i & 1) != 0 ? if_set[i] : if_clear[i];
  }
  store_half_row(wave, instruction, result.lane);
}

enum class Carry : std::uint8_t { none, in_and_out };

// a + b or a - b with a lane mask of carries (borrows) in and out.
template <bool subtract, bool reversed, Carry carry>
void add_with_carry(Wave& wave, const Instruction& instruction) {
  const Source<u32> first(wave, instruction.source[reversed ? 1 : 0]);
  const Source<u32> second(wave, instruction.source[reversed ? 0 : 1]);
  const u32 carries = carry == Carry::none ? 0 : wave.scalar[instruction.source[2].value];
  Row result;
  Row carried;
  for (unsigned i = 0; i < lane_count; ++i) {
    const u64 other = u64{second[i]} + (carries >> i & 1);
    const u64 value = subtract ? u64{first[i]} - other : u64{first[i]} + other;
    result.lane[i] = static_cast<u32>(value);
    carried.lane[i] = static_cast<u32>(value >> 32);
  }
  if ((instruction.flags & flag::clamp) != 0) {
    const u32 limit = subtract ? 0 : ~0u;
    for (unsigned i = 0; i < lane_count; ++i) {
      if (carried.lane[i] != 0) result.lane[i] = limit;
    }
  }
  store_row(wave, instruction.destination, result.lane);
  wave.scalar[instruction.scalar_destination] = lane_mask(carried.lane) & wave.exec();
}

constexpr auto valu = InstructionClass::valu;

constexpr Binding bindings[] = {
    {"V_CNDMASK_B32", select_by_mask},
    {"V_CNDMASK_B16", select_half_by_mask},
    {"V_ADD_F32", lanes<[](float a, float b) { return a + b; }>},
    {"V_SUB_F32", lanes<[](float a, float b) { return a - b; }>},
    {"V_SUBREV_F32", lanes<[](float a, float b) { return b - a; }>},
    {"V_MUL_F32", lanes<[](float a, float b) { return a * b; }>},
    {"V_MUL_DX9_ZERO_F32", lanes<[](float a, float b) { return multiply_dx9(a, b); }>},
    {"V_FMAC_DX9_ZERO_F32", lanes<[](float a, float b, float c) { return fused_dx9(a, b, c); }>},
    {"V_FMA_DX9_ZERO_F32", lanes<[](float a, float b, float c) { return fused_dx9(a, b, c); }>},
    {"V_FMAC_F32", lanes<[](float a, float b, float c) { return fused(a, b, c); }>},
    {"V_FMAMK_F32", lanes<[](float a, float b, float c) { return fused(a, b, c); }>},
    {"V_FMAAK_F32", lanes<[](float a, float b, float c) { return fused(a, b, c); }>},
    {"V_MUL_I32_I24", lanes<[](i32 a, i32 b) {
       return static_cast<u32>(signed24(a)) * static_cast<u32>(signed24(b));
     }>},
    {"V_MUL_HI_I32_I24",
     lanes<[](i32 a, i32 b) { return static_cast<i32>(i64{signed24(a)} * signed24(b) >> 32); }>},
    {"V_MUL_U32_U24", lanes<[](u32 a, u32 b) { return unsigned24(a) * unsigned24(b); }>},
    {"V_MUL_HI_U32_U24", lanes<[](u32 a, u32 b) {
       return static_cast<u32>(u64{unsigned24(a)} * unsigned24(b) >> 32);
     }>},
    {"V_MIN_I32", lanes<[](i32 a, i32 b) { return a < b ? a : b; }>},
    {"V_MAX_I32", lanes<[](i32 a, i32 b) { return (a > b) ? a : b; }>},
    {"V_MIN_U32", lanes<[](u32 a, u32 b) { return a < b ? a : b; }>},
    {"V_MAX_U32", lanes<[](u32 a, u32 b) { return (a > b) ? a : b; }>},
    {"V_LSHLREV_B32", lanes<[](u32 a, u32 b) { return b << (a & 31); }>},
    {"V_LSHRREV_B32", lanes<[](u32 a, u32 b) { return (b >> (a & 31)); }>},
    {"V_ASHRREV_I32", lanes<[](u32 a, i32 b) { return (b >> (a & 31)); }>},
    {"V_AND_B32", lanes<[](u32 a, u32 b) { return a & b; }>},
    {"V_OR_B32", lanes<[](u32 a, u32 b) { return a | b; }>},
    {"V_XOR_B32", lanes<[](u32 a, u32 b) { return a ^ b; }>},
    {"V_XNOR_B32", lanes<[](u32 a, u32 b) { return ~(a ^ b); }>},
    {"V_ADD_CO_U32", add_with_carry<false, false, Carry::none>},
    {"V_SUB_CO_U32", add_with_carry<true, false, Carry::none>},
    {"V_SUBREV_CO_U32", add_with_carry<true, true, Carry::none>},
    {"V_ADD_CO_CI_U32", add_with_carry<false, false, Carry::in_and_out>},
    {"V_SUB_CO_CI_U32", add_with_carry<true, false, Carry::in_and_out>},
    {"V_SUBREV_CO_CI_U32", add_with_carry<true, true, Carry::in_and_out>},
    {"V_ADD_NC_U32", lanes<[](u32 a, u32 b) { return a + b; }>, valu,
     lanes<[](u32 a, u32 b) { return saturate_u32(i64{a} + b); }>},
    {"V_SUB_NC_U32", lanes<[](u32 a, u32 b) { return a - b; }>, valu,
     lanes<[](u32 a, u32 b) { return saturate_u32(i64{a} - b); }>},
    {"V_SUBREV_NC_U32", lanes<[](u32 a, u32 b) { return b - a; }>, valu,
     lanes<[](u32 a, u32 b) { return saturate_u32(i64{b} - a); }>},
    {"V_CVT_PK_RTZ_F16_F32", pack_toward_zero},
    {"V_ADD_F16", lanes<[](Half a, Half b) { return Half{a.value + b.value}; }>},
    {"V_SUB_F16", lanes<[](Half a, Half b) { return Half{a.value - b.value}; }>},
    {"V_SUBREV_F16", lanes<[](Half a, Half b) { return Half{b.value - a.value}; }>},
    {"V_MUL_F16", lanes<[](Half a, Half b) { return Half{a.value * b.value}; }>},
    {"V_FMAC_F16", lanes<[](Half a, Half b, Half c) { return fused(a, b, c); }>},
    {"V_FMAMK_F16", lanes<[](Half a, Half b, Half c) { return fused(a, b, c); }>},
    {"V_FMAAK_F16", lanes<[](Half a, Half b, Half c) { return fused(a, b, c); }>},
    {"V_LDEXP_F16", lanes<[](Half a, std::int16_t b) { return Half{scaled(a.value, b)}; }>},
};

}  // namespace

std::span<const Binding> vop2_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
