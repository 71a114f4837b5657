// WMMA on random matrices against sums in float64. AMD's text says D = A * B + C and no more: the
// order of the sums is open, so that a result may be off by some units of its largest terms;
// integer forms are exact.
#include <gtest/gtest.h>

#include <cmath>

#include "encoder.hpp"
#include "operands.hpp"
#include "vector_case.hpp"

namespace redbolt::pseudocode {
namespace {

using emulator::OpcodeInfo;
namespace fields = emulator::fields;
constexpr unsigned size = 16;

struct Shape {
  const char* semantics;
  FloatFormat element;  // floats
  FloatFormat result;
  unsigned bits;  // integers: of an element
};
const Shape shapes[] = {
    {"V_WMMA_F32_16X16X16_F16", format_f16, format_f32, 0},
    {"V_WMMA_F32_16X16X16_BF16", format_bf16, format_f32, 0},
    {"V_WMMA_F16_16X16X16_F16", format_f16, format_f16, 0},
    {"V_WMMA_BF16_16X16X16_BF16", format_bf16, format_bf16, 0},
    {"V_WMMA_I32_16X16X16_IU8", {}, {}, 8},
    {"V_WMMA_I32_16X16X16_IU4", {}, {}, 4},
};

class WmmaDefinition : public testing::Test {
 protected:
  static constexpr u32 a_row = 16, b_row = 32, c_row = 48, d_row = 64;

  const OpcodeInfo& opcode(const char* semantics) {
    for (const OpcodeInfo& info : emulator::opcode_table()) {
      if (std::string(info.semantics) == semantics) return info;
    }
    throw std::logic_error(semantics);
  }

  // Numbers of moderate size, so that nothing overflows.
  u32 random_number(const FloatFormat& format) {
    const double value = std::ldexp(static_cast<double>(random_.bits() % 4001) - 2000,
                                    static_cast<int>(random_.below(12)) - 17);
    return static_cast<u32>(pack(from_double(value), format, Direction::nearest_even));
  }

  void draw(const Shape& shape) {
    randomise(before_, random_);
    before_.mode = 0xf0 | emulator::mode::ieee | emulator::mode::dx10_clamp;
    for (u32 row = a_row; row < d_row; ++row) {
      for (unsigned lane = 0; lane < lanes; ++lane) {
        const bool is_c = row >= c_row;
        u32& value = before_.vgpr[row][lane];
        if (shape.bits != 0) {
          value = static_cast<u32>(random_.bits());
        } else if (is_c && shape.result.width == 32) {
          value = random_number(format_f32);
        } else {
          const FloatFormat& format = is_c ? shape.result : shape.element;
          value = random_number(format) | random_number(format) << 16;
        }
        // Both halves of the wave hold the same matrices A and B.
        if (!is_c && lane >= size) value = before_.vgpr[row][lane - size];
      }
    }
    negate_ = shape.bits != 0 ? random_.below(4) : random_.below(8);
    negate_high_ = shape.bits != 0 ? 0 : random_.below(8);
    clamp_ = shape.bits != 0 && random_.chance(2);
    high_ = shape.bits == 0 && shape.result.width == 16 && random_.chance(2);
  }

  double float_element(u32 row, unsigned lane, unsigned k, const FloatFormat& format, unsigned i) {
    u32 bits = before_.vgpr[row + k / 2][lane];
    bits = k % 2 != 0 ? bits >> 16 : bits & 0xffff;
    const u32 flip = k % 2 != 0 ? negate_high_ : negate_;
    const double value = to_double(unpack(bits, format));
    return (flip >> i & 1) != 0 ? -value : value;
  }
  std::int64_t integer_element(u32 row, unsigned lane, unsigned k, unsigned bits, unsigned i) {
    const unsigned per_register = 32 / bits;
    const u32 word = before_.vgpr[row + k / per_register][lane];
    const bool is_signed = (negate_ >> i & 1) != 0;
    return static_cast<std::int64_t>(
        reinterpreted(word >> (k % per_register * bits),
                      {is_signed ? Kind::signed_integer : Kind::unsigned_integer, bits})
            .number);
  }

  void check(const Shape& shape) {
    draw(shape);
    Encoder e(opcode(shape.semantics));
    e.put(fields::vop3p::vdst, d_row);
    e.put(fields::vop3p::src0, 256 + a_row).put(fields::vop3p::src1, 256 + b_row);
    e.put(fields::vop3p::src2, 256 + c_row).put(fields::vop3p::clmp, clamp_ ? 1 : 0);
    e.put(fields::vop3p::neg, negate_).put(fields::vop3p::neg_hi, negate_high_);
    e.put(fields::vop3p::opsel, high_ ? 4 : 0);
    e.put(fields::vop3p::opsel_hi, 3).put(fields::vop3p::opsel_hi2, 1);
    actual_ = before_;
    ASSERT_TRUE(machine_.run(actual_, e.words())) << machine_.failure();
    for (unsigned m = 0; m < size; ++m) {
      for (unsigned n = 0; n < size; ++n) {
        if (shape.bits != 0) {
          check_integer(shape, m, n);
        } else {
          check_float(shape, m, n);
        }
      }
    }
  }

  void check_float(const Shape& shape, unsigned m, unsigned n) {
    const u32 row = m / 2;
    const unsigned lane = m % 2 * size + n;
    const unsigned shift = high_ ? 16 : 0;
    const bool wide = shape.result.width == 32;
    const u32 mask = wide ? ~0u : 0xffff;
    double c = to_double(unpack(before_.vgpr[c_row + row][lane] >> shift & mask, shape.result));
    if ((negate_high_ & 4) != 0) c = std::fabs(c);
    if ((negate_ & 4) != 0) c = -c;
    double sum = c, size_of_terms = std::fabs(c);
    for (unsigned k = 0; k < size; ++k) {
      const double product = float_element(a_row, m, k, shape.element, 0) *
                             float_element(b_row, n, k, shape.element, 1);
      sum += product;
      size_of_terms += std::fabs(product);
    }
    const double got =
        to_double(unpack(actual_.vgpr[d_row + row][lane] >> shift & mask, shape.result));
    // Sixteen roundings to float32, one to the result.
    const double unit = std::ldexp(1.0, -1 - static_cast<int>(shape.result.mantissa_bits));
    const double open = size_of_terms * std::ldexp(1.0, -20) + std::fabs(sum) * unit;
    EXPECT_NEAR(got, sum, open) << shape.semantics << " element " << m << ", " << n;
    if (!wide) {
      const u32 other = 0xffffu << (16 - shift);
      EXPECT_EQ(actual_.vgpr[d_row + row][lane] & other, before_.vgpr[d_row + row][lane] & other)
          << shape.semantics << " keeps the other half";
    }
  }

  void check_integer(const Shape& shape, unsigned m, unsigned n) {
    const u32 row = m / 2;
    const unsigned lane = m % 2 * size + n;
    std::int64_t sum = static_cast<std::int32_t>(before_.vgpr[c_row + row][lane]);
    for (unsigned k = 0; k < size; ++k) {
      sum +=
          integer_element(a_row, m, k, shape.bits, 0) * integer_element(b_row, n, k, shape.bits, 1);
    }
    if (clamp_) sum = std::min<std::int64_t>(std::max<std::int64_t>(sum, INT32_MIN), INT32_MAX);
    EXPECT_EQ(actual_.vgpr[d_row + row][lane], static_cast<u32>(sum))
        << shape.semantics << " element " << m << ", " << n;
  }

  Random random_{seed_of_run() + 1};
  Machine machine_;
  State before_, actual_;
  u32 negate_ = 0, negate_high_ = 0;
  bool clamp_ = false, high_ = false;
};

TEST_F(WmmaDefinition, RandomMatrices) {
  for (const Shape& shape : shapes) {
    for (unsigned i = 0; i < 30 * rounds_of_run() && !HasFailure(); ++i) check(shape);
  }
}

}  // namespace
}  // namespace redbolt::pseudocode
