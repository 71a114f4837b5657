// Dot products against sums in exact arithmetic (integers) and double (floating point, where every
// product of two 16-bit values is exact and the sums here stay within 53 bits).
#include <cmath>

#include "single_wave.hpp"

namespace redbolt::emulator {
namespace {

class Dot : public SingleWave {
 protected:
  // Element `index` of `bits` bits, as the NEG modifier says signed or not.
  static std::int64_t element(u32 packed, unsigned bits, unsigned index, bool is_signed) {
    std::int64_t value = packed >> (bits * index) & ((1U << bits) - 1);
    if (is_signed && value >= std::int64_t{1} << (bits - 1)) value -= std::int64_t{1} << bits;
    return value;
  }
  static std::int64_t exact(u32 a, u32 b, std::int64_t c, unsigned bits, bool a_signed,
                            bool b_signed) {
    for (unsigned k = 0; k < 32 / bits; ++k) {
      c += element(a, bits, k, a_signed) * element(b, bits, k, b_signed);
    }
    return c;
  }
};

// Halves by definition: sign, 5 exponent bits, 10 fraction bits.
double half_value(u64 bits) {
  const double sign = (bits >> 15 & 1) != 0 ? -1.0 : 1.0;
  const int exponent = static_cast<int>(bits >> 10 & 31);
  const double fraction = static_cast<double>(bits & 1023);
  return exponent == 0 ? sign * std::ldexp(fraction, -24)
                       : sign * std::ldexp(1024.0 + fraction, exponent - 25);
}

TEST_F(Dot, MixedSignsOfEightAndFourBits) {
  for (const auto& [name, bits] :
       {std::pair{"V_DOT4_I32_IU8", 8U}, std::pair{"V_DOT8_I32_IU4", 4U}}) {
    for (unsigned signs = 0; signs < 4; ++signs) {
      randomise(0, 3);
      v(2, 5) = 0x7fffffff;
      const bool a_signed = (signs & 1) != 0;
      const bool b_signed = (signs & 2) != 0;
      auto instruction = make(9, vgpr(0, a_signed ? modifier::negate : std::uint8_t{0}),
                              vgpr(1, b_signed ? modifier::negate : std::uint8_t{0}), vgpr(2));
      run(name, instruction);
      instruction.destination = 10;
      instruction.flags = flag::clamp;
      run(name, instruction);
      for (unsigned i = 0; i < lane_count; ++i) {
        const std::int64_t sum =
            exact(v(0, i), v(1, i), static_cast<std::int32_t>(v(2, i)), bits, a_signed, b_signed);
        EXPECT_EQ(v(9, i), static_cast<u32>(sum)) << name << " lane " << i;
        const std::int64_t saturated =
            std::min<std::int64_t>(std::max<std::int64_t>(sum, INT32_MIN), INT32_MAX);
        EXPECT_EQ(v(10, i), static_cast<u32>(saturated)) << name << " lane " << i;
      }
    }
  }
}

TEST_F(Dot, UnsignedOfEightAndFourBits) {
  for (const auto& [name, bits] :
       {std::pair{"V_DOT4_U32_U8", 8U}, std::pair{"V_DOT8_U32_U4", 4U}}) {
    randomise(0, 3);
    v(2, 3) = 0xffffffff;
    wave->set_exec(0x0ffffff0);
    auto instruction = make(9, vgpr(0), vgpr(1), vgpr(2));
    run(name, instruction);
    for (unsigned i = 0; i < lane_count; ++i) {
      const auto sum = static_cast<u32>(exact(v(0, i), v(1, i), v(2, i), bits, false, false));
      EXPECT_EQ(v(9, i), on(0x0ffffff0, i) ? sum : 0xdeadbeef) << name << " lane " << i;
    }
    wave->set_exec(all_lanes);
    for (auto& value : wave->vgpr[9]) value = 0xdeadbeef;
  }
}

TEST_F(Dot, TwoHalvesWithSelectedHalvesAndSigns) {
  for (unsigned i = 0; i < lane_count; ++i) {
    // Exponents of a few bits only, so that the double sum is exact and float rounds it once or not
    // at all: integers below 2^11 as halves.
    const auto small = [&] {
      return static_cast<u32>(0x6400 | (random() & 0x3ff) |
                              (random() & 1) << 15);  // +-(1024..2047)
    };
    v(0, i) = small() | small() << 16;
    v(1, i) = small() | small() << 16;
    v(2, i) = std::bit_cast<u32>(static_cast<float>(random() % 1000));
  }
  // A: halves swapped, the low product's half negated; B: high half twice.
  const Operand a = vgpr(0, modifier::high_half | modifier::negate);
  const Operand b = vgpr(1, modifier::high_half | modifier::high_from_high);
  run("V_DOT2_F32_F16", make(9, a, b, vgpr(2)));
  for (unsigned i = 0; i < lane_count; ++i) {
    const double low = -half_value(v(0, i) >> 16) * half_value(v(1, i) >> 16);
    const double high = half_value(v(0, i) & 0xffff) * half_value(v(1, i) >> 16);
    const double c = std::bit_cast<float>(v(2, i));
    EXPECT_EQ(std::bit_cast<float>(v(9, i)), static_cast<float>(low + high + c)) << "lane " << i;
  }
}

TEST_F(Dot, AccumulatesIntoTheDestination) {
  for (unsigned i = 0; i < lane_count; ++i) {
    v(0, i) = 0x40003c00;  // 1, 2
    v(1, i) = 0x44004200;  // 3, 4
    v(9, i) = std::bit_cast<u32>(0.5F);
  }
  run("V_DOT2ACC_F32_F16", make(9, vgpr(0), vgpr(1), vgpr(9)));
  EXPECT_EQ(std::bit_cast<float>(v(9, 17)), 1.0F * 3.0F + 2.0F * 4.0F + 0.5F);
}

TEST_F(Dot, BrainFloats) {
  for (unsigned i = 0; i < lane_count; ++i) {
    v(0, i) = 0x40003f80;  // 1, 2
    v(1, i) = 0xc0804040;  // 3, -4
    v(2, i) = std::bit_cast<u32>(0.25F);
  }
  run("V_DOT2_F32_BF16", make(9, vgpr(0), vgpr(1, modifier::high_from_high), vgpr(2)));
  EXPECT_EQ(std::bit_cast<float>(v(9, 0)), 1.0F * 3.0F + 1.0F * -4.0F + 0.25F);
}

}  // namespace
}  // namespace redbolt::emulator
