// Operations on 64-bit operands.
#include <cmath>

#include "semantics/arithmetic.hpp"
#include "semantics/lanes.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using i32 = std::int32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;

// a*b + c in 64 bits, with bit 64 of the exact sum as a lane mask: the carry, or the sign.
void multiply_add_unsigned(Wave& wave, const Instruction& instruction) {
  Result<u64> result;
  Row carried;
  {
    const Source<u32> a(wave, instruction.source[0]);
    const Source<u32> b(wave, instruction.source[1]);
    const Source<u64> c(wave, instruction.source[2]);
    for (unsigned i = 0; i < lane_count; ++i) {
      const u64 product = u64{a[i]} * b[i];
      const u64 sum = product + c[i];
      result.set(i, sum);
      carried.lane[i] = sum < product ? 1 : 0;
    }
  }
  result.store(wave, instruction);
  wave.scalar[instruction.scalar_destination] = lane_mask(carried.lane) & wave.exec();
}

void multiply_add_signed(Wave& wave, const Instruction& instruction) {
  Result<u64> result;
  Row carried;
  {
    const Source<i32> a(wave, instruction.source[0]);
    const Source<i32> b(wave, instruction.source[1]);
    const Source<i64> c(wave, instruction.source[2]);
    for (unsigned i = 0; i < lane_count; ++i) {
      i64 sum = 0;
      const bool overflows = __builtin_add_overflow(i64{a[i]} * b[i], c[i], &sum);
      carried.lane[i] = (sum < 0) != overflows ? 1 : 0;
      result.set(i, static_cast<u64>(sum));
    }
  }
  result.store(wave, instruction);
  wave.scalar[instruction.scalar_destination] = lane_mask(carried.lane) & wave.exec();
}

constexpr Binding bindings[] = {
    {"V_FMA_F64", lanes<[](double a, double b, double c) { return fused(a, b, c); }>},
    {"V_ADD_F64", lanes<[](double a, double b) { return a + b; }>},
    {"V_MUL_F64", lanes<[](double a, double b) { return a * b; }>},
    {"V_LDEXP_F64", lanes<[](double a, i32 b) { return scaled(a, b); }>},
    {"V_LSHLREV_B64", lanes<[](u32 a, u64 b) { return b << (a & 63); }>},
    {"V_LSHRREV_B64", lanes<[](u32 a, u64 b) { return (b >> (a & 63)); }>},
    {"V_ASHRREV_I64", lanes<[](u32 a, i64 b) { return (b >> (a & 63)); }>},
    {"V_MAD_U64_U32", multiply_add_unsigned},
    {"V_MAD_I64_I32", multiply_add_signed},
};

}  // namespace

std::span<const Binding> vop3_64bit_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
