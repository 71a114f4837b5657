// Long-form operations on 16-bit operands.
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
i32 saturate_i32(i64 value) {
  return static_cast<i32>(std::clamp<i64>(value, INT32_MIN, INT32_MAX));
}
u32 saturate_u32(i64 value) {
  return static_cast<u32>(std::clamp<i64>(value, 0, 0xffffffff));
}

template <class T>
T smaller(T a, T b) {
  return std::min(a, b);
}
template <class T>
T larger(T a, T b) {
  return std::max(a, b);
}

constexpr auto valu = InstructionClass::valu;

constexpr Binding bindings[] = {
    {"V_MAD_U16", lanes<[](u16 a, u16 b, u16 c) { return wrapped(u32{a} * b + c); }>, valu,
     lanes<[](u16 a, u16 b, u16 c) { return saturate_u16(i64{a} * b + c); }>},
    {"V_MAD_I16", lanes<[](u16 a, u16 b, u16 c) { return wrapped(u32{a} * b + c); }>, valu,
     lanes<[](i16 a, i16 b, i16 c) { return saturate_i16(a * b + c); }>},
    {"V_MAD_U32_U16", lanes<[](u16 a, u16 b, u32 c) { return u32{a} * b + c; }>, valu,
     lanes<[](u16 a, u16 b, u32 c) { return saturate_u32(i64{a} * b + c); }>},
    {"V_MAD_I32_I16", lanes<[](i16 a, i16 b, u32 c) { return static_cast<u32>(a * b) + c; }>, valu,
     lanes<[](i16 a, i16 b, i32 c) { return saturate_i32(i64{a} * b + c); }>},
    {"V_FMA_F16", lanes<[](Half a, Half b, Half c) { return fused(a, b, c); }>},
    {"V_MIN3_I16", lanes<[](i16 a, i16 b, i16 c) { return smaller(smaller(a, b), c); }>},
    {"V_MAX3_I16", lanes<[](i16 a, i16 b, i16 c) { return larger(larger(a, b), c); }>},
    {"V_MED3_I16", lanes<[](i16 a, i16 b, i16 c) { return median(a, b, c); }>},
    {"V_MIN3_U16", lanes<[](u16 a, u16 b, u16 c) { return smaller(smaller(a, b), c); }>},
    {"V_MAX3_U16", lanes<[](u16 a, u16 b, u16 c) { return larger(larger(a, b), c); }>},
    {"V_MED3_U16", lanes<[](u16 a, u16 b, u16 c) { return median(a, b, c); }>},
    {"V_ADD_NC_U16", lanes<[](u16 a, u16 b) { return wrapped(u32{a} + b); }>, valu,
     lanes<[](u16 a, u16 b) { return saturate_u16(i64{a} + b); }>},
    {"V_SUB_NC_U16", lanes<[](u16 a, u16 b) { return wrapped(u32{a} - b); }>, valu,
     lanes<[](u16 a, u16 b) { return saturate_u16(i64{a} - b); }>},
    {"V_ADD_NC_I16", lanes<[](u16 a, u16 b) { return wrapped(u32{a} + b); }>, valu,
     lanes<[](i16 a, i16 b) { return saturate_i16(a + b); }>},
    {"V_SUB_NC_I16", lanes<[](u16 a, u16 b) { return wrapped(u32{a} - b); }>, valu,
     lanes<[](i16 a, i16 b) { return saturate_i16(a - b); }>},
    {"V_MUL_LO_U16", lanes<[](u16 a, u16 b) { return wrapped(u32{a} * b); }>},
    {"V_MAX_U16", lanes<[](u16 a, u16 b) { return larger(a, b); }>},
    {"V_MAX_I16", lanes<[](i16 a, i16 b) { return larger(a, b); }>},
    {"V_MIN_U16", lanes<[](u16 a, u16 b) { return smaller(a, b); }>},
    {"V_MIN_I16", lanes<[](i16 a, i16 b) { return smaller(a, b); }>},
    {"V_LSHLREV_B16", lanes<[](u16 a, u16 b) { return wrapped(u32{b} << (a & 15)); }>},
    {"V_LSHRREV_B16", lanes<[](u16 a, u16 b) { return wrapped(u32{b} >> (a & 15)); }>},
    {"V_ASHRREV_I16", lanes<[](u16 a, i16 b) { return static_cast<i16>(b >> (a & 15)); }>},
    {"V_AND_B16", lanes<[](u16 a, u16 b) { return wrapped(u32{a} & b); }>},
    {"V_OR_B16", lanes<[](u16 a, u16 b) { return wrapped(u32{a} | b); }>},
    {"V_XOR_B16", lanes<[](u16 a, u16 b) { return wrapped(u32{a} ^ b); }>},
    {"V_PACK_B32_F16", lanes<[](u16 a, u16 b) { return a | u32{b} << 16; }>},
};

}  // namespace

std::span<const Binding> vop3_16bit_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
