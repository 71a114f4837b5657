// WMMA against matrices multiplied in double, laid out as the ISA document says.
#include <cmath>

#include "single_wave.hpp"

namespace redbolt::emulator {
namespace {

constexpr unsigned kSize = 16;
using Matrix = std::array<std::array<double, kSize>, kSize>;

class Wmma : public SingleWave {
 protected:
  static constexpr u32 kA = 16;
  static constexpr u32 kB = 32;
  static constexpr u32 kC = 48;
  static constexpr u32 kD = 64;

  // Small integers: every sum is exact in float, half and bfloat16 sums are checked by rounding.
  Matrix random_matrix(int low, int high) {
    Matrix matrix;
    std::uniform_int_distribution<int> value(low, high);
    for (auto& row : matrix) {
      for (double& element : row) element = value(random);
    }
    return matrix;
  }
  static Matrix product(const Matrix& a, const Matrix& b, const Matrix& c) {
    Matrix d = c;
    for (unsigned m = 0; m < kSize; ++m) {
      for (unsigned n = 0; n < kSize; ++n) {
        for (unsigned k = 0; k < kSize; ++k) d[m][n] += a[m][k] * b[k][n];
      }
    }
    return d;
  }
  // A by rows or B by columns, `bits` wide, encoded by `encode`, both halves of the wave alike.
  template <class Encode>
  void place(u32 first, const Matrix& matrix, bool columns, unsigned bits, Encode encode) {
    const unsigned per_register = 32 / bits;
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      for (unsigned k = 0; k < kSize; ++k) {
        const double value = columns ? matrix[k][lane % kSize] : matrix[lane % kSize][k];
        u32& target = v(first + k / per_register, lane);
        if (k % per_register == 0) target = 0;
        target |=
            static_cast<u32>((encode(value) & ((u64{1} << bits) - 1)) << (k % per_register * bits));
      }
    }
  }
  template <class Encode>
  void place_c(const Matrix& matrix, Encode encode) {
    for (unsigned reg = 0; reg < 8; ++reg) {
      for (unsigned lane = 0; lane < lane_count; ++lane) {
        v(kC + reg, lane) = static_cast<u32>(encode(matrix[2 * reg + lane / 16][lane % 16]));
      }
    }
  }
  template <class Decode>
  void expect_d(const Matrix& expected, Decode decode) {
    for (unsigned reg = 0; reg < 8; ++reg) {
      for (unsigned lane = 0; lane < lane_count; ++lane) {
        const unsigned m = 2 * reg + lane / 16;
        const unsigned n = lane % 16;
        EXPECT_EQ(decode(v(kD + reg, lane)), expected[m][n]) << "element " << m << ", " << n;
      }
    }
  }
};

// Exact for small integers: |x| < 2048.
u64 half_bits(double value) {
  if (value == 0) return 0;
  const u64 sign = value < 0 ? 0x8000 : 0;
  int exponent = 0;
  const double fraction = std::frexp(std::fabs(value), &exponent);  // [0.5, 1)
  return sign | static_cast<u64>(exponent + 14) << 10 |
         (static_cast<u64>(std::ldexp(fraction, 11)) & 0x3ff);
}
double half_number(u32 bits) {
  const double sign = (bits >> 15 & 1) != 0 ? -1 : 1;
  if ((bits & 0x7fff) == 0) return 0;
  return sign * std::ldexp(1024 + (bits & 1023), static_cast<int>(bits >> 10 & 31) - 25);
}
u64 bfloat_bits(double value) {
  return std::bit_cast<std::uint32_t>(static_cast<float>(value)) >> 16;
}
u64 float_bits(double value) {
  return std::bit_cast<std::uint32_t>(static_cast<float>(value));
}
double float_number(std::uint32_t bits) {
  return std::bit_cast<float>(bits);
}

TEST_F(Wmma, HalvesIntoFloats) {
  const Matrix a = random_matrix(-30, 30), b = random_matrix(-30, 30), c = random_matrix(-900, 900);
  place(kA, a, false, 16, half_bits);
  place(kB, b, true, 16, half_bits);
  place_c(c, float_bits);
  wave->set_exec(0x1);  // ignored
  run("V_WMMA_F32_16X16X16_F16", make(kD, vgpr(kA), vgpr(kB), vgpr(kC)));
  expect_d(product(a, b, c), float_number);
}

TEST_F(Wmma, BrainFloatsIntoFloatsOverC) {
  const Matrix a = random_matrix(-30, 30), b = random_matrix(-30, 30), c = random_matrix(-900, 900);
  place(kA, a, false, 16, bfloat_bits);
  place(kB, b, true, 16, bfloat_bits);
  place_c(c, float_bits);
  auto instruction = make(kC, vgpr(kA), vgpr(kB), vgpr(kC));  // D is C
  run("V_WMMA_F32_16X16X16_BF16", instruction);
  for (u32 reg = 0; reg < 8; ++reg) wave->vgpr[kD + reg] = wave->vgpr[kC + reg];
  expect_d(product(a, b, c), float_number);
}

TEST_F(Wmma, AnInlineConstantFillsC) {
  const Matrix a = random_matrix(-9, 9), b = random_matrix(-9, 9);
  Matrix ones;
  for (auto& row : ones) row.fill(1);
  place(kA, a, false, 16, half_bits);
  place(kB, b, true, 16, half_bits);
  run("V_WMMA_F32_16X16X16_F16", make(kD, vgpr(kA), vgpr(kB), constant(0x3f800000)));
  expect_d(product(a, b, ones), float_number);
}

TEST_F(Wmma, HalvesIntoTheHalfThatOpSelNames) {
  const Matrix a = random_matrix(-6, 6), b = random_matrix(-6, 6), c = random_matrix(-99, 99);
  place(kA, a, false, 16, half_bits);
  place(kB, b, true, 16, half_bits);
  place_c(c, [](double value) { return half_bits(value) << 16 | 0x1234; });
  run("V_WMMA_F16_16X16X16_F16", make(kD, vgpr(kA), vgpr(kB), vgpr(kC, modifier::high_half)));
  expect_d(product(a, b, c), [](u32 bits) { return half_number(bits >> 16); });
  EXPECT_EQ(v(kD, 3) & 0xffff, 0xbeefU);  // the other half is kept
}

TEST_F(Wmma, NegativeCAndNegativeOddElements) {
  const Matrix a = random_matrix(-9, 9), b = random_matrix(-9, 9), c = random_matrix(-99, 99);
  Matrix a_signed = a, c_negative = c;
  for (auto& row : a_signed) {
    for (unsigned k = 1; k < kSize; k += 2) row[k] = -row[k];
  }
  for (auto& row : c_negative) {
    for (double& value : row) value = -std::fabs(value);
  }
  place(kA, a, false, 16, half_bits);
  place(kB, b, true, 16, half_bits);
  place_c(c, float_bits);
  run("V_WMMA_F32_16X16X16_F16", make(kD, vgpr(kA, modifier::negate_high), vgpr(kB),
                                      vgpr(kC, modifier::negate | modifier::negate_high)));
  expect_d(product(a_signed, b, c_negative), float_number);
}

TEST_F(Wmma, Integers) {
  const auto integer = [](double value) {
    return static_cast<u64>(static_cast<std::int64_t>(value));
  };
  const auto number = [](u32 bits) { return static_cast<double>(static_cast<std::int32_t>(bits)); };
  for (const unsigned bits : {8U, 4U}) {
    const int top = 1 << (bits - 1);
    const Matrix a = random_matrix(-top, top - 1);   // signed
    const Matrix b = random_matrix(0, 2 * top - 1);  // unsigned
    const Matrix c = random_matrix(-1000, 1000);
    place(kA, a, false, bits, integer);
    place(kB, b, true, bits, integer);
    place_c(c, integer);
    run(bits == 8 ? "V_WMMA_I32_16X16X16_IU8" : "V_WMMA_I32_16X16X16_IU4",
        make(kD, vgpr(kA, modifier::negate), vgpr(kB), vgpr(kC)));
    expect_d(product(a, b, c), number);
  }
}

}  // namespace
}  // namespace redbolt::emulator
