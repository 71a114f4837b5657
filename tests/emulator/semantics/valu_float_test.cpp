// Vector instructions on floats and their modifiers, each against a definition of its own.
#include "valu_fixture.hpp"

namespace redbolt::emulator {
namespace {

float less_of(float a, float c) {
  if (std::isnan(a) || std::isnan(c)) return std::isnan(a) ? c : a;
  if (a == 0 && c == 0) return std::signbit(a) ? a : c;
  return a < c ? a : c;
}
float more_of(float a, float c) {
  return -less_of(-a, -c);
}
// Signaling NaNs win, quiet.
u32 two(float (*pick)(float, float), u32 a, u32 c) {
  if (signals(a) || signals(c)) return 0x7fc00000;
  return b(pick(f(a), f(c)));
}

i64 truncated(float v, i64 low, i64 high) {
  if (std::isnan(v)) return 0;
  if (static_cast<double>(v) <= static_cast<double>(low)) return low;
  if (static_cast<double>(v) >= static_cast<double>(high)) return high;
  return static_cast<i64>(v);
}

const Integer floats[] = {
    {"V_ADD_F32", [](u32 a, u32 c, u32) { return b(f(a) + f(c)); }},
    {"V_SUB_F32", [](u32 a, u32 c, u32) { return b(f(a) - f(c)); }},
    {"V_SUBREV_F32", [](u32 a, u32 c, u32) { return b(f(c) - f(a)); }},
    {"V_MUL_F32", [](u32 a, u32 c, u32) { return b(f(a) * f(c)); }},
    {"V_MUL_DX9_ZERO_F32",
     [](u32 a, u32 c, u32) { return f(a) == 0 || f(c) == 0 ? 0u : b(f(a) * f(c)); }},
    {"V_FMA_F32", [](u32 a, u32 c, u32 d) { return b(std::fma(f(a), f(c), f(d))); }},
    {"V_MIN_F32", [](u32 a, u32 c, u32) { return two(less_of, a, c); }},
    {"V_MAX_F32", [](u32 a, u32 c, u32) { return two(more_of, a, c); }},
    {"V_FLOOR_F32", [](u32 a, u32, u32) { return b(std::floor(f(a))); }},
    {"V_CEIL_F32", [](u32 a, u32, u32) { return b(std::ceil(f(a))); }},
    {"V_TRUNC_F32", [](u32 a, u32, u32) { return b(std::trunc(f(a))); }},
    {"V_RNDNE_F32", [](u32 a, u32, u32) { return b(std::nearbyint(f(a))); }},
    {"V_CVT_I32_F32",
     [](u32 a, u32, u32) { return static_cast<u32>(truncated(f(a), i32_low, i32_high)); }},
    {"V_CVT_U32_F32",
     [](u32 a, u32, u32) { return static_cast<u32>(truncated(f(a), 0, 0xffffffff)); }},
    {"V_CVT_F32_I32", [](u32 a, u32, u32) { return b(static_cast<float>(s(a))); }},
    {"V_CVT_F32_U32", [](u32 a, u32, u32) { return b(static_cast<float>(a)); }},
    {"V_CVT_F32_UBYTE2", [](u32 a, u32, u32) { return b(static_cast<float>(a >> 16 & 0xff)); }},
    {"V_LDEXP_F32", [](u32 a, u32 c, u32) { return b(std::ldexp(f(a), s(c))); }},
    {"V_FREXP_EXP_I32_F32",
     [](u32 a, u32, u32) {
       int e = 0;
       if (std::isfinite(f(a))) static_cast<void>(std::frexp(f(a), &e));
       return u(e);
     }},
    {"V_FREXP_MANT_F32",
     [](u32 a, u32, u32) {
       int e = 0;
       return std::isfinite(f(a)) ? b(std::frexp(f(a), &e)) : a;
     }},
    {"V_CVT_PK_I16_F32",
     [](u32 a, u32 c, u32) {
       return (static_cast<u32>(truncated(f(a), -32768, 32767)) & 0xffff) |
              static_cast<u32>(truncated(f(c), -32768, 32767)) << 16;
     }},
};

TEST_F(ValuTest, Floats) {
  for (const auto& item : floats) {
    check(item.name, special_floats, item.definition);
    if (HasFatalFailure()) return;
  }
}

TEST_F(ValuTest, ClassesOfNumbers) {
  for (int round = 0; round < 50; ++round) {
    fill(1, special_floats);
    for (auto& mask : wave->vgpr[2]) mask = static_cast<u32>(random() % 1024);
    Instruction instruction = make(0, vgpr(1), vgpr(2));
    instruction.scalar_destination = 20;
    run("V_CMP_CLASS_F32", instruction);
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      const float x = f(v(1, lane));
      unsigned kind = signals(v(1, lane)) ? 0 : 1;
      switch (std::fpclassify(x)) {
        case FP_INFINITE:
          kind = std::signbit(x) ? 2 : 9;
          break;
        case FP_NORMAL:
          kind = std::signbit(x) ? 3 : 8;
          break;
        case FP_SUBNORMAL:
          kind = std::signbit(x) ? 4 : 7;
          break;
        case FP_ZERO:
          kind = std::signbit(x) ? 5 : 6;
          break;
        default:
          break;
      }
      ASSERT_EQ(on(wave->scalar[20], lane), (v(2, lane) >> kind & 1) != 0)
          << std::hex << v(1, lane);
    }
  }
}

// NEG, ABS, OMOD, CLAMP, in modes that apply OMOD and in modes that ignore it.
TEST_F(ValuTest, FloatModifiers) {
  static constexpr float factors[] = {1, 2, 4, 0.5f};
  const auto flushed = [](float x, bool flushes) {
    return flushes && std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x;
  };
  for (int round = 0; round < 200; ++round) {
    fill(1, special_floats);
    fill(2, special_floats);
    const u32 denormals = static_cast<u32>(random() % 4),
              ieee = on(random_lanes(), 0) ? mode::ieee : 0;
    wave->set_mode(0xc0 | denormals << 4 | ieee | mode::dx10_clamp);
    const bool flushes_results = (denormals & 2) == 0;
    const auto modifiers1 = static_cast<std::uint8_t>(random() % 4),
               modifiers2 = static_cast<std::uint8_t>(random() % 4);
    Instruction instruction = make(4, vgpr(1, modifiers1), vgpr(2, modifiers2));
    instruction.output_modifier = static_cast<std::uint8_t>(random() % 4);
    instruction.flags = random() % 2 == 0 ? flag::clamp : 0;
    run("V_ADD_F32", instruction);
    const bool multiplies = instruction.output_modifier != 0 && flushes_results && ieee == 0;
    const auto modified = [&](float x, std::uint8_t m) {
      if ((m & modifier::absolute) != 0) x = std::fabs(x);
      return flushed((m & modifier::negate) != 0 ? -x : x, (denormals & 1) == 0);
    };
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      float expected = modified(f(v(1, lane)), modifiers1) + modified(f(v(2, lane)), modifiers2);
      expected = flushed(expected, flushes_results);
      if (multiplies) expected = flushed(expected * factors[instruction.output_modifier], true);
      if ((instruction.flags & flag::clamp) != 0) {
        expected = std::isnan(expected) ? 0.0f
                   : expected < 0       ? 0.0f
                   : expected > 1       ? 1.0f
                                        : expected;
      }
      const float got = f(v(4, lane));
      ASSERT_TRUE((std::isnan(got) && std::isnan(expected)) || got == expected)
          << got << " " << expected << " mode " << wave->mode;
      const bool keeps_sign_of_zero = !multiplies && (instruction.flags & flag::clamp) == 0;
      ASSERT_FALSE(!keeps_sign_of_zero && got == 0 && std::signbit(got));
    }
  }
}

// Hardware ignores OMOD in IEEE mode and where the results of the type may be denormal.
TEST_F(ValuTest, OutputModifierIsIgnoredByModes) {
  constexpr u32 f32_denormals = 0x30, f64_f16_denormals = 0xc0;
  const auto doubled = [&](const char* name, u32 mode_bits, u64 operand) {
    wave->set_mode(mode_bits);
    v(1, 0) = static_cast<u32>(operand);
    v(2, 0) = static_cast<u32>(operand >> 32);
    Instruction instruction = make(4, vgpr(1), vgpr(1));
    instruction.output_modifier = 1;
    run(name, instruction);
    return v64(4, 0);
  };
  const auto f32 = [&](u32 bits) { return static_cast<u32>(doubled("V_MAX_F32", bits, b(1.5f))); };
  const auto f16 = [&](u32 bits) { return doubled("V_MAX_F16", bits, 0x3e00) & 0xffff; };
  const auto f64 = [&](u32 bits) {
    return std::bit_cast<double>(doubled("V_MAX_F64", bits, std::bit_cast<u64>(1.5)));
  };
  EXPECT_EQ(f32(0), b(3.0f));
  EXPECT_EQ(f16(0), 0x4200u);
  EXPECT_EQ(f64(0), 3.0);
  EXPECT_EQ(f32(mode::ieee), b(1.5f));
  EXPECT_EQ(f16(mode::ieee), 0x3e00u);
  EXPECT_EQ(f64(mode::ieee), 1.5);
  EXPECT_EQ(f32(f32_denormals), b(1.5f));
  EXPECT_EQ(f16(f32_denormals), 0x4200u);
  EXPECT_EQ(f64(f32_denormals), 3.0);
  EXPECT_EQ(f32(f64_f16_denormals), b(3.0f));
  EXPECT_EQ(f16(f64_f16_denormals), 0x3e00u);
  EXPECT_EQ(f64(f64_f16_denormals), 1.5);
  // Zeros, and what is flushed, come out positive.
  EXPECT_EQ(static_cast<u32>(doubled("V_MAX_F32", 0, 0x80000000)), 0u);
  EXPECT_EQ(doubled("V_MAX_F16", 0x80, 0x8000) & 0xffff, 0x8000u);  // results may be denormal
  EXPECT_EQ(doubled("V_MAX_F16", 0x40, 0x8200) & 0xffff, 0u);       // flushed, not doubled
}

// MODE: rounding directions, checked in double, and flushed denormals.
TEST_F(ValuTest, RoundingAndDenormals) {
  for (u32 rounding = 0; rounding < 4; ++rounding) {
    for (u32 denormals = 0; denormals < 4; ++denormals) {
      wave->set_mode(rounding | denormals << 4 | 0xc0);
      fill(1, special_floats);
      fill(2, special_floats);
      run("V_MUL_F32", make(4, vgpr(1), vgpr(2)));
      for (unsigned lane = 0; lane < lane_count; ++lane) {
        const auto input = [&](u32 row) {
          const float x = f(v(row, lane));
          return std::fpclassify(x) == FP_SUBNORMAL && (denormals & 1) == 0 ? std::copysign(0.0f, x)
                                                                            : x;
        };
        const double exact = static_cast<double>(input(1)) * static_cast<double>(input(2));
        float expected = static_cast<float>(exact);
        if (std::isfinite(exact)) {
          const double rounded = static_cast<double>(expected);
          if (rounding == 1 && rounded < exact) expected = std::nextafter(expected, INFINITY);
          if (rounding == 2 && rounded > exact) expected = std::nextafter(expected, -INFINITY);
          if (rounding == 3 && std::fabs(rounded) > std::fabs(exact))
            expected = std::nextafter(expected, 0.0f);
        }
        if (std::fpclassify(expected) == FP_SUBNORMAL && (denormals & 2) == 0)
          expected = std::copysign(0.0f, expected);
        const u32 got = v(4, lane);
        ASSERT_TRUE(got == b(expected) || (std::isnan(f(got)) && std::isnan(expected)))
            << "mode " << rounding << " " << denormals << ": " << f(v(1, lane)) << " * "
            << f(v(2, lane)) << " = " << f(got) << ", not " << expected;
      }
    }
  }
}

}  // namespace
}  // namespace redbolt::emulator
