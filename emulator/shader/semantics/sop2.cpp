#include <algorithm>

#include "semantics/arithmetic.hpp"
#include "semantics/registry.hpp"
#include "semantics/scalars.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using i32 = std::int32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;

// SCC of the bitwise operations: the result is not zero.
template <class T>
T nonzero(T result, bool& scc) {
  scc = result != 0;
  return result;
}

i32 add_signed(i32 a, i32 b, bool& scc) {
  i32 result;
  scc = __builtin_add_overflow(a, b, &result);
  return result;
}

i32 subtract_signed(i32 a, i32 b, bool& scc) {
  i32 result;
  scc = __builtin_sub_overflow(a, b, &result);
  return result;
}

template <unsigned shift>
u32 shift_add(u32 a, u32 b, bool& scc) {
  const u64 sum = (u64{a} << shift) + b;
  scc = sum > 0xffffffff;
  return static_cast<u32>(sum);
}

// Bits of a bit-field operand: offset in the low bits, width in bits 22:16.
template <class T>
T extract(T value, u32 field, bool& scc) {
  constexpr unsigned bits = sizeof(T) * 8;
  const unsigned offset = field & (bits - 1);
  const unsigned width = std::min(field >> 16 & 0x7f, bits - offset);
  if (width == 0) return nonzero(T{0}, scc);
  const unsigned left = bits - offset - width;
  using U = std::make_unsigned_t<T>;
  return nonzero(static_cast<T>(static_cast<T>(static_cast<U>(value) << left) >> (left + offset)),
                 scc);
}

template <class T>
T field_mask(u32 width, u32 offset) {
  constexpr unsigned bits = sizeof(T) * 8;
  return ((T{1} << (width & (bits - 1))) - 1) << (offset & (bits - 1));
}

constexpr Binding bindings[] = {
    {"S_ADD_U32", scalars<[](u32 a, u32 b, bool& scc) {
       scc = a + b < a;
       return a + b;
     }>,
     InstructionClass::salu},
    {"S_SUB_U32", scalars<[](u32 a, u32 b, bool& scc) {
       scc = a < b;
       return a - b;
     }>,
     InstructionClass::salu},
    {"S_ADD_I32", scalars<[](i32 a, i32 b, bool& scc) { return add_signed(a, b, scc); }>,
     InstructionClass::salu},
    {"S_SUB_I32", scalars<[](i32 a, i32 b, bool& scc) { return subtract_signed(a, b, scc); }>,
     InstructionClass::salu},
    {"S_ADDC_U32", scalars<[](u32 a, u32 b, bool& scc) {
       const u64 sum = u64{a} + b + (scc ? 1 : 0);
       scc = 0xffffffff < sum;
       return static_cast<u32>(sum);
     }>,
     InstructionClass::salu},
    {"S_SUBB_U32", scalars<[](u32 a, u32 b, bool& scc) {
       const u64 subtrahend = u64{b} + (scc ? 1 : 0);
       scc = a < subtrahend;
       return static_cast<u32>(a - subtrahend);
     }>,
     InstructionClass::salu},
    {"S_ABSDIFF_I32", scalars<[](i32 a, i32 b, bool& scc) {
       const u32 difference = static_cast<u32>(a) - static_cast<u32>(b);
       return nonzero(static_cast<i32>(difference) < 0 ? 0u - difference : difference, scc);
     }>,
     InstructionClass::salu},
    {"S_LSHL_B32", scalars<[](u32 a, u32 b, bool& scc) { return nonzero(a << (b & 31), scc); }>,
     InstructionClass::salu},
    {"S_LSHL_B64", scalars<[](u64 a, u32 b, bool& scc) { return nonzero(a << (b & 63), scc); }>,
     InstructionClass::salu},
    {"S_LSHR_B32", scalars<[](u32 a, u32 b, bool& scc) { return nonzero(a >> (b & 31), scc); }>,
     InstructionClass::salu},
    {"S_LSHR_B64", scalars<[](u64 a, u32 b, bool& scc) { return nonzero(a >> (b & 63), scc); }>,
     InstructionClass::salu},
    {"S_ASHR_I32", scalars<[](i32 a, u32 b, bool& scc) { return nonzero(a >> (b & 31), scc); }>,
     InstructionClass::salu},
    {"S_ASHR_I64", scalars<[](i64 a, u32 b, bool& scc) { return nonzero(a >> (b & 63), scc); }>,
     InstructionClass::salu},
    {"S_LSHL1_ADD_U32", scalars<[](u32 a, u32 b, bool& scc) { return shift_add<1>(a, b, scc); }>,
     InstructionClass::salu},
    {"S_LSHL2_ADD_U32", scalars<[](u32 a, u32 b, bool& scc) { return shift_add<2>(a, b, scc); }>,
     InstructionClass::salu},
    {"S_LSHL3_ADD_U32", scalars<[](u32 a, u32 b, bool& scc) { return shift_add<3>(a, b, scc); }>,
     InstructionClass::salu},
    {"S_LSHL4_ADD_U32", scalars<[](u32 a, u32 b, bool& scc) { return shift_add<4>(a, b, scc); }>,
     InstructionClass::salu},
    // SCC: the first source was taken.
    {"S_MIN_I32", scalars<[](i32 a, i32 b, bool& scc) {
       scc = a < b;
       return std::min(a, b);
     }>,
     InstructionClass::salu},
    {"S_MIN_U32", scalars<[](u32 a, u32 b, bool& scc) {
       scc = a < b;
       return std::min(a, b);
     }>,
     InstructionClass::salu},
    {"S_MAX_I32", scalars<[](i32 a, i32 b, bool& scc) {
       scc = a >= b;
       return std::max(a, b);
     }>,
     InstructionClass::salu},
    {"S_MAX_U32", scalars<[](u32 a, u32 b, bool& scc) {
       scc = a >= b;
       return std::max(a, b);
     }>,
     InstructionClass::salu},
    {"S_AND_B32", scalars<[](u32 a, u32 b, bool& scc) { return nonzero(a & b, scc); }>,
     InstructionClass::salu},
    {"S_AND_B64", scalars<[](u64 a, u64 b, bool& scc) { return nonzero(a & b, scc); }>,
     InstructionClass::salu},
    {"S_OR_B32", scalars<[](u32 a, u32 b, bool& scc) { return nonzero(a | b, scc); }>,
     InstructionClass::salu},
    {"S_OR_B64", scalars<[](u64 a, u64 b, bool& scc) { return nonzero(a | b, scc); }>,
     InstructionClass::salu},
    {"S_XOR_B32", scalars<[](u32 a, u32 b, bool& scc) { return nonzero(a ^ b, scc); }>,
     InstructionClass::salu},
    {"S_XOR_B64", scalars<[](u64 a, u64 b, bool& scc) { return nonzero(a ^ b, scc); }>,
     InstructionClass::salu},
    {"S_NAND_B32", scalars<[](u32 a, u32 b, bool& scc) { return nonzero(~(a & b), scc); }>,
     InstructionClass::salu},
    {"S_NAND_B64", scalars<[](u64 a, u64 b, bool& scc) { return nonzero(~(a & b), scc); }>,
     InstructionClass::salu},
    {"S_NOR_B32", scalars<[](u32 a, u32 b, bool& scc) { return nonzero(~(a | b), scc); }>,
     InstructionClass::salu},
    {"S_NOR_B64", scalars<[](u64 a, u64 b, bool& scc) { return nonzero(~(a | b), scc); }>,
     InstructionClass::salu},
    {"S_XNOR_B32", scalars<[](u32 a, u32 b, bool& scc) { return nonzero(~(a ^ b), scc); }>,
     InstructionClass::salu},
    {"S_XNOR_B64", scalars<[](u64 a, u64 b, bool& scc) { return nonzero(~(a ^ b), scc); }>,
     InstructionClass::salu},
    {"S_AND_NOT1_B32", scalars<[](u32 a, u32 b, bool& scc) { return nonzero(a & ~b, scc); }>,
     InstructionClass::salu},
    {"S_AND_NOT1_B64", scalars<[](u64 a, u64 b, bool& scc) { return nonzero(a & ~b, scc); }>,
     InstructionClass::salu},
    {"S_OR_NOT1_B32", scalars<[](u32 a, u32 b, bool& scc) { return nonzero(a | ~b, scc); }>,
     InstructionClass::salu},
    {"S_OR_NOT1_B64", scalars<[](u64 a, u64 b, bool& scc) { return nonzero(a | ~b, scc); }>,
     InstructionClass::salu},
    {"S_BFE_U32", scalars<[](u32 a, u32 b, bool& scc) { return extract(a, b, scc); }>,
     InstructionClass::salu},
    {"S_BFE_I32", scalars<[](i32 a, u32 b, bool& scc) { return extract(a, b, scc); }>,
     InstructionClass::salu},
    {"S_BFE_U64", scalars<[](u64 a, u32 b, bool& scc) { return extract(a, b, scc); }>,
     InstructionClass::salu},
    {"S_BFE_I64", scalars<[](i64 a, u32 b, bool& scc) { return extract(a, b, scc); }>,
     InstructionClass::salu},
    {"S_BFM_B32", scalars<[](u32 a, u32 b) { return field_mask<u32>(a, b); }>,
     InstructionClass::salu},
    {"S_BFM_B64", scalars<[](u32 a, u32 b) { return field_mask<u64>(a, b); }>,
     InstructionClass::salu},
    {"S_MUL_I32", scalars<[](u32 a, u32 b) { return a * b; }>, InstructionClass::salu},
    {"S_MUL_HI_U32", scalars<[](u32 a, u32 b) { return static_cast<u32>(u64{a} * b >> 32); }>,
     InstructionClass::salu},
    {"S_MUL_HI_I32", scalars<[](i32 a, i32 b) { return static_cast<i32>(i64{a} * b >> 32); }>,
     InstructionClass::salu},
    {"S_CSELECT_B32", scalars<[](u32 a, u32 b, bool& scc) { return scc ? a : b; }>,
     InstructionClass::salu},
    {"S_CSELECT_B64", scalars<[](u64 a, u64 b, bool& scc) { return scc ? a : b; }>,
     InstructionClass::salu},
    {"S_PACK_LL_B32_B16", scalars<[](u32 a, u32 b) { return (a & 0xffff) | b << 16; }>,
     InstructionClass::salu},
    {"S_PACK_LH_B32_B16", scalars<[](u32 a, u32 b) { return (a & 0xffff) | (b & 0xffff0000); }>,
     InstructionClass::salu},
    {"S_PACK_HH_B32_B16", scalars<[](u32 a, u32 b) { return ((a >> 16) | (b & 0xffff0000)); }>,
     InstructionClass::salu},
    {"S_PACK_HL_B32_B16", scalars<[](u32 a, u32 b) { return (a >> 16 | b << 16); }>,
     InstructionClass::salu},
};

}  // namespace

std::span<const Binding> sop2_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
