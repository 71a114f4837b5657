// WMMA: D = A * B + C of 16x16 matrices, spread over the 32 lanes of a wave (ISA document, chapter
// "Wave Matrix Multiply Accumulate"):
//   A  row m = lane % 16, all 16 columns packed in its registers; lanes 16..31 repeat lanes 0..15
//   B  column n = lane % 16, all 16 rows, repeated in the same way
//   C, D  register i of lane l is row 2*i + l/16, column l % 16; 16-bit types use the half that
//         OP_SEL[2] names, and keep the other
// EXEC is ignored. Which of the two copies of A and B the hardware reads is not defined; each half
// of the wave reads its own. The order of additions is not defined either: here ascending k, each
// fused and rounded to float.
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "semantics/float16_types.hpp"
#include "semantics/registry.hpp"
#include "semantics/rows.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using i32 = std::int32_t;
using i64 = std::int64_t;

constexpr unsigned size = 16;
constexpr unsigned result_registers = 8;

unsigned row_of(unsigned reg, unsigned lane) {
  return 2 * reg + lane / size;
}

// The lane whose copy of row (of A) or column (of B) `index` the lane `reader` uses.
unsigned holder(unsigned index, unsigned reader) {
  return index + reader / size * size;
}

u32 operand_bits(const Wave& wave, const Operand& operand, unsigned reg, unsigned lane) {
  if (operand.kind == OperandKind::vgpr) return wave.vgpr[operand.value + reg][lane];
  return operand.kind == OperandKind::sgpr ? wave.scalar[operand.value] : operand.value;
}

// Sixteen 16-bit elements of every lane as floats, with the sign modifiers of even and odd
// elements.
template <class Type>
struct FloatMatrix {
  float element[lane_count][size];
  FloatMatrix(const Wave& wave, const Operand& operand) {
    const u32 flip_even = (operand.modifiers & modifier::negate) != 0 ? 0x8000 : 0;
    const u32 flip_odd = (operand.modifiers & modifier::negate_high) != 0 ? 0x8000 : 0;
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      for (unsigned k = 0; k < size; k += 2) {
        const u32 pair = operand_bits(wave, operand, k / 2, lane);
        element[lane][k] = Type::widened((pair & 0xffff) ^ flip_even);
        element[lane][k + 1] = Type::widened((pair >> 16) ^ flip_odd);
      }
    }
  }
};

// NEG[2] negates C, NEG_HI[2] takes its absolute value first.
float with_signs(const Operand& operand, float value) {
  if ((operand.modifiers & modifier::negate_high) != 0) value = std::fabs(value);
  return (operand.modifiers & modifier::negate) != 0 ? -value : value;
}

template <class Type>
float product_sum(const FloatMatrix<Type>& a, const FloatMatrix<Type>& b, unsigned reg,
                  unsigned lane, float sum) {
  const float* row = a.element[holder(row_of(reg, lane), lane)];
  const float* column = b.element[lane];
  for (unsigned k = 0; k < size; ++k) sum = std::fma(row[k], column[k], sum);
  return sum;
}

using ResultRows = std::array<Row, result_registers>;

// All results are computed before the first is written: D may be C.
void write(Wave& wave, const Instruction& instruction, const ResultRows& rows) {
  for (u32 reg = 0; reg < result_registers; ++reg) {
    std::copy(std::begin(rows[reg].lane), std::end(rows[reg].lane),
              wave.vgpr[instruction.destination + reg].begin());
  }
}

template <class Type>
void to_float(Wave& wave, const Instruction& instruction) {
  const FloatMatrix<Type> a(wave, instruction.source[0]);
  const FloatMatrix<Type> b(wave, instruction.source[1]);
  const Operand& c = instruction.source[2];
  ResultRows rows;
  for (unsigned reg = 0; reg < result_registers; ++reg) {
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      const float start = with_signs(c, std::bit_cast<float>(operand_bits(wave, c, reg, lane)));
      rows[reg].lane[lane] = std::bit_cast<u32>(product_sum(a, b, reg, lane, start));
    }
  }
  write(wave, instruction, rows);
}

template <class Type>
void to_half(Wave& wave, const Instruction& instruction) {
  const FloatMatrix<Type> a(wave, instruction.source[0]);
  const FloatMatrix<Type> b(wave, instruction.source[1]);
  const Operand& c = instruction.source[2];
  const unsigned shift = (c.modifiers & modifier::high_half) != 0 ? 16 : 0;
  const unsigned read_shift = c.kind == OperandKind::vgpr ? shift : 0;
  ResultRows rows;
  for (unsigned reg = 0; reg < result_registers; ++reg) {
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      const u32 bits = operand_bits(wave, c, reg, lane) >> read_shift & 0xffff;
      const float sum = product_sum(a, b, reg, lane, with_signs(c, Type::widened(bits)));
      const u32 kept = wave.vgpr[instruction.destination + reg][lane] & ~(0xffffu << shift);
      rows[reg].lane[lane] = kept | Type::rounded(sum) << shift;
    }
  }
  write(wave, instruction, rows);
}

// Element k of a lane's packed 8- or 4-bit values.
template <unsigned bits>
i32 integer_element(const Wave& wave, const Operand& operand, unsigned k, unsigned lane) {
  constexpr unsigned per_register = 32 / bits;
  const u32 value =
      operand_bits(wave, operand, k / per_register, lane) >> (k % per_register * bits);
  if ((operand.modifiers & modifier::negate) == 0)
    return static_cast<i32>(value & ((1u << bits) - 1));
  return static_cast<i32>(value << (32 - bits)) >> (32 - bits);
}

template <unsigned bits>
struct IntegerMatrix {
  i32 element[lane_count][size];
  IntegerMatrix(const Wave& wave, const Operand& operand) {
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      for (unsigned k = 0; k < size; ++k) {
        element[lane][k] = integer_element<bits>(wave, operand, k, lane);
      }
    }
  }
};

i32 saturated(i64 value) {
  return static_cast<i32>(value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : value);
}

// The NEG bits of A and B say that they are signed.
template <unsigned bits, bool saturating>
void to_integer(Wave& wave, const Instruction& instruction) {
  const IntegerMatrix<bits> a(wave, instruction.source[0]);
  const IntegerMatrix<bits> b(wave, instruction.source[1]);
  ResultRows rows;
  for (unsigned reg = 0; reg < result_registers; ++reg) {
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      const i32* row = a.element[holder(row_of(reg, lane), lane)];
      i64 sum = static_cast<i32>(operand_bits(wave, instruction.source[2], reg, lane));
      for (unsigned k = 0; k < size; ++k) sum += row[k] * b.element[lane][k];
      rows[reg].lane[lane] = static_cast<u32>(saturating ? saturated(sum) : static_cast<i32>(sum));
    }
  }
  write(wave, instruction, rows);
}

constexpr auto wmma = InstructionClass::wmma;

constexpr Binding bindings[] = {
    {"V_WMMA_F32_16X16X16_F16", to_float<F16>, wmma},
    {"V_WMMA_F32_16X16X16_BF16", to_float<BF16>, wmma},
    {"V_WMMA_F16_16X16X16_F16", to_half<F16>, wmma},
    {"V_WMMA_BF16_16X16X16_BF16", to_half<BF16>, wmma},
    {"V_WMMA_I32_16X16X16_IU8", to_integer<8, false>, wmma, to_integer<8, true>},
    {"V_WMMA_I32_16X16X16_IU4", to_integer<4, false>, wmma, to_integer<4, true>},
};

}  // namespace

std::span<const Binding> wmma_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
