#include <cmath>

#include "semantics/registry.hpp"
#include "semantics/scalars.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using i32 = std::int32_t;
using u64 = std::uint64_t;

template <class Function>
struct Predicate;

template <class Closure, class A, class B>
struct Predicate<bool (Closure::*)(A, B) const> {
  template <auto predicate>
  static void run(Wave& wave, const Instruction& instruction) {
    wave.set_scc(predicate(read_scalar<A>(wave, instruction.source[0]),
                           read_scalar<B>(wave, instruction.source[1])));
  }
};

template <auto predicate>
constexpr Binding compare(const char* name) {
  return {name, Predicate<decltype(&decltype(predicate)::operator())>::template run<predicate>,
          InstructionClass::salu};
}

constexpr Binding bindings[] = {
    compare<[](i32 a, i32 b) { return a == b; }>("S_CMP_EQ_I32"),
    compare<[](i32 a, i32 b) { return a != b; }>("S_CMP_LG_I32"),
    compare<[](i32 a, i32 b) { return (a > b); }>("S_CMP_GT_I32"),
    compare<[](i32 a, i32 b) { return (a >= b); }>("S_CMP_GE_I32"),
    compare<[](i32 a, i32 b) { return a < b; }>("S_CMP_LT_I32"),
    compare<[](i32 a, i32 b) { return a <= b; }>("S_CMP_LE_I32"),
    compare<[](u32 a, u32 b) { return a == b; }>("S_CMP_EQ_U32"),
    compare<[](u32 a, u32 b) { return a != b; }>("S_CMP_LG_U32"),
    compare<[](u32 a, u32 b) { return (a > b); }>("S_CMP_GT_U32"),
    compare<[](u32 a, u32 b) { return (a >= b); }>("S_CMP_GE_U32"),
    compare<[](u32 a, u32 b) { return a < b; }>("S_CMP_LT_U32"),
    compare<[](u32 a, u32 b) { return a <= b; }>("S_CMP_LE_U32"),
    compare<[](u32 a, u32 b) { return (a >> (b & 31) & 1) == 0; }>("S_BITCMP0_B32"),
    compare<[](u32 a, u32 b) { return (a >> (b & 31) & 1) == 1; }>("S_BITCMP1_B32"),
    compare<[](u64 a, u32 b) { return (a >> (b & 63) & 1) == 0; }>("S_BITCMP0_B64"),
    compare<[](u64 a, u32 b) { return (a >> (b & 63) & 1) == 1; }>("S_BITCMP1_B64"),
    compare<[](u64 a, u64 b) { return a == b; }>("S_CMP_EQ_U64"),
    compare<[](u64 a, u64 b) { return a != b; }>("S_CMP_LG_U64"),
};

}  // namespace

std::span<const Binding> sopc_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
