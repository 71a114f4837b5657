// Three-source and other long-form operations on 32 bits.
#include <algorithm>
#include <bit>

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

i32 signed24(i32 value) {
  return static_cast<i32>(static_cast<u32>(value) << 8) >> 8;
}
u32 unsigned24(u32 value) {
  return value & 0xffffff;
}

i32 saturate_i32(i64 value) {
  return static_cast<i32>(std::clamp<i64>(value, INT32_MIN, INT32_MAX));
}
u32 saturate_u32(u64 value) {
  return static_cast<u32>(std::min<u64>(value, 0xffffffff));
}

u32 extract_unsigned(u32 value, u32 offset, u32 width) {
  return (value >> (offset & 31)) & ((1u << (width & 31)) - 1);
}
i32 extract_signed(i32 value, u32 offset, u32 width) {
  offset &= 31;
  width &= 31;
  const u32 shifted = static_cast<u32>(value >> offset);
  const u32 left = 32 - width;
  const i32 field = static_cast<i32>(shifted << (left & 31)) >> (left & 31);
  return width == 0 ? 0 : field;
}

u32 byte_of(u32 value, unsigned n) {
  return value >> (8 * n) & 0xff;
}
u32 difference(u32 a, u32 b) {
  return a > b ? a - b : b - a;
}

u32 sum_of_differences(u32 a, u32 b, u32 sum) {
  for (unsigned n = 0; n < 4; ++n) sum += difference(byte_of(a, n), byte_of(b, n));
  return sum;
}
// Bytes that are 0 in b do not count.
u32 masked_sum_of_differences(u32 a, u32 b, u32 sum) {
  for (unsigned n = 0; n < 4; ++n) {
    sum += byte_of(b, n) == 0 ? 0 : difference(byte_of(a, n), byte_of(b, n));
  }
  return sum;
}
u32 sum_of_differences16(u32 a, u32 b, u32 sum) {
  return sum + difference(a & 0xffff, b & 0xffff) + difference(a >> 16, b >> 16);
}
u32 mean_of_bytes(u32 a, u32 b, u32 rounding) {
  u32 result = 0;
  for (unsigned n = 0; n < 4; ++n) {
    result |= ((byte_of(a, n) + byte_of(b, n) + (byte_of(rounding, n) & 1)) >> 1) << (8 * n);
  }
  return result;
}

// Four differences of a's bytes, displaced by one each, against b.
template <u32 (*difference_sum)(u32, u32, u32)>
u64 displaced_differences(u64 a, u32 b, u64 sums) {
  u64 result = 0;
  for (unsigned n = 0; n < 4; ++n) {
    const u32 sum = difference_sum(static_cast<u32>(a >> (8 * n)), b,
                                   static_cast<u32>(sums >> (16 * n)) & 0xffff);
    result |= static_cast<u64>(sum & 0xffff) << (16 * n);
  }
  return result;
}

// A byte chosen by the selector: 0..3 of b, 4..7 of a, then signs, 0 and 0xff.
u32 chosen_byte(u32 a, u32 b, u32 selector) {
  const u64 both = static_cast<u64>(a) << 32 | b;
  const u32 plain = static_cast<u32>(both >> (8 * (selector & 7))) & 0xff;
  const u32 sign_byte = (selector & 7) * 2 + 1;  // 8..11: the sign of bytes 1, 3, 5, 7
  const u32 sign = static_cast<u32>(both >> (8 * (sign_byte & 7) + 7)) & 1;
  const u32 special = selector >= 13 ? 0xff : selector == 12 ? 0 : 0u - sign;
  return selector < 8 ? plain : special & 0xff;
}
u32 permuted_bytes(u32 a, u32 b, u32 selectors) {
  u32 result = 0;
  for (unsigned n = 0; n < 4; ++n) result |= chosen_byte(a, b, byte_of(selectors, n)) << (8 * n);
  return result;
}

float multiply_lit(float a, float b, float c) {
  constexpr float largest = std::numeric_limits<float>::max();
  const bool cut = b == -largest || b == -INFINITY || b != b || c <= 0.0f || c != c;
  return cut ? -largest : a * b;
}

i32 to_i16(float value) {
  return std::clamp(to_integer<i32>(value), -32768, 32767);
}
i32 to_u16(float value) {
  return std::clamp(to_integer<i32>(value), 0, 65535);
}
u32 packed(i32 low, i32 high) {
  return (static_cast<u32>(low) & 0xffff) | static_cast<u32>(high) << 16;
}

// Normalised: 1.0 is the largest integer. In double, so that the product is rounded once.
i32 to_snorm16(float value) {
  const double bounded = value != value ? 0.0 : std::clamp<double>(value, -1.0, 1.0);
  return static_cast<i32>(std::nearbyint(bounded * 32767.0));
}
i32 to_unorm16(float value) {
  const double bounded = value != value ? 0.0 : std::clamp<double>(value, 0.0, 1.0);
  return static_cast<i32>(std::nearbyint(bounded * 65535.0));
}

u32 replaced_byte(float value, u32 position, u32 old) {
  const u32 shift = (position & 3) * 8;
  const u32 byte = static_cast<u32>(std::clamp(to_integer<i32>(std::nearbyint(value)), 0, 255));
  return (old & ~(0xffu << shift)) | byte << shift;
}

// Four displaced sums of 32 bits each.
void masked_differences_wide(Wave& wave, const Instruction& instruction) {
  Row results[4];
  {
    const Source<u64> a(wave, instruction.source[0]);
    const Source<u32> b(wave, instruction.source[1]);
    for (unsigned n = 0; n < 4; ++n) {
      const u32* sums = wave.vgpr[instruction.source[2].value + n].data();
      for (unsigned i = 0; i < lane_count; ++i) {
        const u32 bytes = static_cast<u32>(a[i] >> (8 * n));
        results[n].lane[i] = masked_sum_of_differences(bytes, b[i], sums[i]);
      }
    }
  }
  for (unsigned n = 0; n < 4; ++n) store_row(wave, instruction.destination + n, results[n].lane);
}

// How many of the mask's bits belong to lanes below this one, plus a start value.
template <bool upper>
void count_lower_lanes(Wave& wave, const Instruction& instruction) {
  const Source<u32> mask(wave, instruction.source[0]);
  const Source<u32> start(wave, instruction.source[1]);
  Row result;
  for (unsigned i = 0; i < lane_count; ++i) {
    const u32 below = upper ? 0 : (1u << i) - 1;
    result.lane[i] = start[i] + static_cast<u32>(std::popcount(mask[i] & below));
  }
  store_row(wave, instruction.destination, result.lane);
}

constexpr auto valu = InstructionClass::valu;

constexpr Binding bindings[] = {
    {"V_FMA_F32", lanes<[](float a, float b, float c) { return fused(a, b, c); }>},
    {"V_MAD_I32_I24", lanes<[](i32 a, i32 b, u32 c) {
       return static_cast<u32>(signed24(a)) * static_cast<u32>(signed24(b)) + c;
     }>,
     valu,
     lanes<[](i32 a, i32 b, i32 c) { return saturate_i32(i64{signed24(a)} * signed24(b) + c); }>},
    {"V_MAD_U32_U24", lanes<[](u32 a, u32 b, u32 c) { return unsigned24(a) * unsigned24(b) + c; }>,
     valu, lanes<[](u32 a, u32 b, u32 c) {
       return saturate_u32(u64{unsigned24(a)} * unsigned24(b) + c);
     }>},
    {"V_BFE_U32", lanes<[](u32 a, u32 b, u32 c) { return extract_unsigned(a, b, c); }>},
    {"V_BFE_I32", lanes<[](i32 a, u32 b, u32 c) { return extract_signed(a, b, c); }>},
    {"V_BFI_B32", lanes<[](u32 a, u32 b, u32 c) { return (a & b) | (~a & c); }>},
    {"V_BFM_B32", lanes<[](u32 a, u32 b) { return ((1u << (a & 31)) - 1) << (b & 31); }>},
    {"V_LERP_U8", lanes<[](u32 a, u32 b, u32 c) { return mean_of_bytes(a, b, c); }>},
    {"V_ALIGNBIT_B32", lanes<[](u32 a, u32 b, u16 c) {
       return static_cast<u32>((static_cast<u64>(a) << 32 | b) >> (c & 31));
     }>},
    {"V_ALIGNBYTE_B32", lanes<[](u32 a, u32 b, u16 c) {
       return static_cast<u32>((static_cast<u64>(a) << 32 | b) >> (8 * (c & 3)));
     }>},
    {"V_MULLIT_F32", lanes<[](float a, float b, float c) { return multiply_lit(a, b, c); }>},
    {"V_MIN3_I32", lanes<[](i32 a, i32 b, i32 c) { return std::min(std::min(a, b), c); }>},
    {"V_MAX3_I32", lanes<[](i32 a, i32 b, i32 c) { return std::max(std::max(a, b), c); }>},
    {"V_MED3_I32", lanes<[](i32 a, i32 b, i32 c) { return median(a, b, c); }>},
    {"V_MAXMIN_I32", lanes<[](i32 a, i32 b, i32 c) { return std::min(std::max(a, b), c); }>},
    {"V_MINMAX_I32", lanes<[](i32 a, i32 b, i32 c) { return std::max(std::min(a, b), c); }>},
    {"V_MIN3_U32", lanes<[](u32 a, u32 b, u32 c) { return std::min(std::min(a, b), c); }>},
    {"V_MAX3_U32", lanes<[](u32 a, u32 b, u32 c) { return std::max(std::max(a, b), c); }>},
    {"V_MED3_U32", lanes<[](u32 a, u32 b, u32 c) { return median(a, b, c); }>},
    {"V_MAXMIN_U32", lanes<[](u32 a, u32 b, u32 c) { return std::min(std::max(a, b), c); }>},
    {"V_MINMAX_U32", lanes<[](u32 a, u32 b, u32 c) { return std::max(std::min(a, b), c); }>},
    {"V_SAD_U8", lanes<[](u32 a, u32 b, u32 c) { return sum_of_differences(a, b, c); }>},
    {"V_SAD_HI_U8",
     lanes<[](u32 a, u32 b, u32 c) { return (sum_of_differences(a, b, 0) << 16) + c; }>},
    {"V_SAD_U16", lanes<[](u32 a, u32 b, u32 c) { return sum_of_differences16(a, b, c); }>},
    {"V_SAD_U32", lanes<[](u32 a, u32 b, u32 c) { return difference(a, b) + c; }>},
    {"V_MSAD_U8", lanes<[](u32 a, u32 b, u32 c) { return masked_sum_of_differences(a, b, c); }>},
    {"V_QSAD_PK_U16_U8",
     lanes<[](u64 a, u32 b, u64 c) { return displaced_differences<sum_of_differences>(a, b, c); }>},
    {"V_MQSAD_PK_U16_U8", lanes<[](u64 a, u32 b, u64 c) {
       return displaced_differences<masked_sum_of_differences>(a, b, c);
     }>},
    {"V_MQSAD_U32_U8", masked_differences_wide},
    {"V_CVT_PK_U8_F32", lanes<[](float a, u32 b, u32 c) { return replaced_byte(a, b, c); }>},
    {"V_XOR3_B32", lanes<[](u32 a, u32 b, u32 c) { return a ^ b ^ c; }>},
    {"V_PERM_B32", lanes<[](u32 a, u32 b, u32 c) { return permuted_bytes(a, b, c); }>},
    {"V_XAD_U32", lanes<[](u32 a, u32 b, u32 c) { return (a ^ b) + c; }>},
    {"V_LSHL_ADD_U32", lanes<[](u32 a, u32 b, u32 c) { return (a << (b & 31)) + c; }>},
    {"V_ADD_LSHL_U32", lanes<[](u32 a, u32 b, u32 c) { return (a + b) << (c & 31); }>},
    {"V_ADD3_U32", lanes<[](u32 a, u32 b, u32 c) { return a + b + c; }>},
    {"V_LSHL_OR_B32", lanes<[](u32 a, u32 b, u32 c) { return a << (b & 31) | c; }>},
    {"V_AND_OR_B32", lanes<[](u32 a, u32 b, u32 c) { return (a & b) | c; }>},
    {"V_OR3_B32", lanes<[](u32 a, u32 b, u32 c) { return a | b | c; }>},
    {"V_CVT_PK_I16_F32", lanes<[](float a, float b) { return packed(to_i16(a), to_i16(b)); }>},
    {"V_CVT_PK_U16_F32", lanes<[](float a, float b) { return packed(to_u16(a), to_u16(b)); }>},
    {"V_CVT_PK_NORM_I16_F32",
     lanes<[](float a, float b) { return packed(to_snorm16(a), to_snorm16(b)); }>},
    {"V_CVT_PK_NORM_U16_F32",
     lanes<[](float a, float b) { return packed(to_unorm16(a), to_unorm16(b)); }>},
    {"V_CVT_PK_NORM_I16_F16",
     lanes<[](Half a, Half b) { return packed(to_snorm16(a.value), to_snorm16(b.value)); }>},
    {"V_CVT_PK_NORM_U16_F16",
     lanes<[](Half a, Half b) { return packed(to_unorm16(a.value), to_unorm16(b.value)); }>},
    {"V_CVT_PK_U16_U32",
     lanes<[](u32 a, u32 b) { return std::min(a, 0xffffu) | std::min(b, 0xffffu) << 16; }>},
    {"V_CVT_PK_I16_I32", lanes<[](i32 a, i32 b) {
       return packed(std::clamp(a, -32768, 32767), std::clamp(b, -32768, 32767));
     }>},
    {"V_LDEXP_F32", lanes<[](float a, i32 b) { return scaled(a, b); }>},
    {"V_BCNT_U32_B32", lanes<[](u32 a, u32 b) { return static_cast<u32>(std::popcount(a)) + b; }>},
    {"V_MBCNT_LO_U32_B32", count_lower_lanes<false>},
    {"V_MBCNT_HI_U32_B32", count_lower_lanes<true>},
    {"V_SUB_NC_I32", lanes<[](u32 a, u32 b) { return a - b; }>, valu,
     lanes<[](i32 a, i32 b) { return saturate_i32(i64{a} - b); }>},
    {"V_ADD_NC_I32", lanes<[](u32 a, u32 b) { return a + b; }>, valu,
     lanes<[](i32 a, i32 b) { return saturate_i32(i64{a} + b); }>},
    {"V_MUL_LO_U32", lanes<[](u32 a, u32 b) { return a * b; }>},
    {"V_MUL_HI_U32", lanes<[](u32 a, u32 b) { return static_cast<u32>((u64{a} * b) >> 32); }>},
    {"V_MUL_HI_I32", lanes<[](i32 a, i32 b) { return static_cast<i32>((i64{a} * b) >> 32); }>},
};

}  // namespace

std::span<const Binding> vop3_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
