// Comparisons, lanes, 64 bits and halves: vector instructions against definitions of their own.
#include "valu_fixture.hpp"

namespace redbolt::emulator {
namespace {

// Comparisons write a lane mask; disabled lanes are 0 in it.
TEST_F(ValuTest, Comparisons) {
  const struct {
    const char* suffix;
    bool (*integer)(i64, i64);
    bool (*floating)(float, float);
  } kinds[] = {
      {"F", [](i64, i64) { return false; }, [](float, float) { return false; }},
      {"LT", [](i64 x, i64 y) { return x < y; }, [](float x, float y) { return x < y; }},
      {"EQ", [](i64 x, i64 y) { return x == y; }, [](float x, float y) { return x == y; }},
      {"LE", [](i64 x, i64 y) { return x <= y; }, [](float x, float y) { return x <= y; }},
      {"GT", [](i64 x, i64 y) { return x > y; }, [](float x, float y) { return x > y; }},
      {"GE", [](i64 x, i64 y) { return x >= y; }, [](float x, float y) { return x >= y; }},
      {"NE", [](i64 x, i64 y) { return x != y; }, nullptr},
      {"T", [](i64, i64) { return true; }, [](float, float) { return true; }},
      {"LG", nullptr, [](float x, float y) { return !std::isunordered(x, y) && x != y; }},
      {"O", nullptr, [](float x, float y) { return !std::isunordered(x, y); }},
      {"U", nullptr, [](float x, float y) { return std::isunordered(x, y); }},
      {"NGE", nullptr, [](float x, float y) { return std::isunordered(x, y) || x < y; }},
      {"NLG", nullptr, [](float x, float y) { return std::isunordered(x, y) || x == y; }},
      {"NGT", nullptr, [](float x, float y) { return std::isunordered(x, y) || x <= y; }},
      {"NLE", nullptr, [](float x, float y) { return std::isunordered(x, y) || x > y; }},
      {"NEQ", nullptr, [](float x, float y) { return std::isunordered(x, y) || x != y; }},
      {"NLT", nullptr, [](float x, float y) { return std::isunordered(x, y) || x >= y; }},
  };
  const auto mask_of = [&](const std::string& name, std::span<const u32> special) {
    fill(1, special);
    fill(2, special);
    for (unsigned lane = 0; lane < lane_count; lane += 5) v(2, lane) = v(1, lane);
    wave->set_exec(random_lanes());
    Instruction instruction = make(0, vgpr(1), vgpr(2));
    instruction.scalar_destination = 20;
    run(name, instruction);
    return wave->scalar[20];
  };
  for (int round = 0; round < 20; ++round) {
    for (const auto& kind : kinds) {
      for (const char* type : {"I32", "U32", "F32"}) {
        const bool floating = type[0] == 'F';
        if ((floating ? kind.floating == nullptr : kind.integer == nullptr)) continue;
        const std::string name = std::string("V_CMP_") + kind.suffix + "_" + type;
        const u32 got = mask_of(name, floating ? std::span<const u32>(special_floats) : special32);
        for (unsigned lane = 0; lane < lane_count; ++lane) {
          const u32 x = v(1, lane), y = v(2, lane);
          const bool holds = floating         ? kind.floating(f(x), f(y))
                             : type[0] == 'I' ? kind.integer(s(x), s(y))
                                              : kind.integer(x, y);
          ASSERT_EQ(on(got, lane), holds && on(wave->exec(), lane))
              << name << std::hex << " " << x << " " << y;
        }
      }
    }
  }
}

// Reading lanes, scalar operands of each kind, halves of registers.
TEST_F(ValuTest, LanesAndHalves) {
  randomise(1);
  wave->set_exec(0x00f0f000);
  Instruction instruction = make(0, vgpr(1));
  instruction.scalar_destination = 7;
  run("V_READFIRSTLANE_B32", instruction);
  EXPECT_EQ(wave->scalar[7], v(1, 12));
  wave->set_exec(0);
  run("V_READFIRSTLANE_B32", instruction);
  EXPECT_EQ(wave->scalar[7], v(1, 0));
  wave->scalar[9] = 32 + 21;  // modulo 32
  instruction.source[1] = Operand{9, OperandKind::sgpr, 0, 0};
  run("V_READLANE_B32", instruction);
  EXPECT_EQ(wave->scalar[7], v(1, 21));
  run("V_WRITELANE_B32", make(4, constant(77), Operand{9, OperandKind::sgpr, 0, 0}));
  EXPECT_EQ(v(4, 21), 77u);
  EXPECT_EQ(v(4, 20), 0xdeadbeefu);

  wave->set_exec(all_lanes);
  randomise(1, 4);
  const auto old = wave->vgpr[4];
  Instruction add = make(4, vgpr(1, modifier::high_half), vgpr(2));
  add.flags = flag::destination_high;
  run("V_ADD_NC_U16", add);
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    const u32 sum = ((v(1, lane) >> 16) + (v(2, lane) & 0xffff)) & 0xffff;
    ASSERT_EQ(v(4, lane), (old[lane] & 0xffff) | sum << 16);
  }
}

TEST_F(ValuTest, Wide) {
  for (int round = 0; round < 50; ++round) {
    for (u32 row = 1; row <= 6; ++row) fill(row, special32);
    run("V_LSHLREV_B64", make(8, vgpr(1), vgpr(3)));
    run("V_ASHRREV_I64", make(10, vgpr(1), vgpr(3)));
    Instruction mad = make(12, vgpr(1), vgpr(2), vgpr(3));
    mad.scalar_destination = 20;
    run("V_MAD_U64_U32", mad);
    const u32 carry = wave->scalar[20];
    run("V_FMA_F64", make(14, vgpr(1), vgpr(3), vgpr(5)));
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      const u64 x = v64(3, lane);
      ASSERT_EQ(v64(8, lane), x << (v(1, lane) & 63));
      ASSERT_EQ(v64(10, lane), static_cast<u64>(static_cast<i64>(x) >> (v(1, lane) & 63)));
      const unsigned __int128 sum = static_cast<unsigned __int128>(v(1, lane)) * v(2, lane) + x;
      ASSERT_EQ(v64(12, lane), static_cast<u64>(sum));
      ASSERT_EQ(on(carry, lane), (sum >> 64) != 0);
      const double d = std::fma(std::bit_cast<double>(v64(1, lane)), std::bit_cast<double>(x),
                                std::bit_cast<double>(v64(5, lane)));
      const double got = std::bit_cast<double>(v64(14, lane));
      ASSERT_TRUE(std::bit_cast<u64>(got) == std::bit_cast<u64>(d) ||
                  (std::isnan(got) && std::isnan(d)));
    }
  }
}

// All float16 numbers through the conversions, and a float16 FMA whose sum is rounded once.
TEST_F(ValuTest, Halves) {
  for (u32 first = 0; first < 0x10000; first += lane_count) {
    for (unsigned lane = 0; lane < lane_count; ++lane) v(1, lane) = first + lane;
    run("V_CVT_F32_F16", make(4, vgpr(1)));
    run("V_CVT_F16_F32", make(5, vgpr(4)));
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      const auto bits = static_cast<std::uint16_t>(first + lane);
      const float expected = static_cast<float>(std::bit_cast<_Float16>(bits));
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(f(v(4, lane))));
        continue;
      }
      ASSERT_EQ(v(4, lane), b(expected)) << std::hex << bits;
      ASSERT_EQ(v(5, lane) & 0xffff, bits);
    }
  }
  for (int round = 0; round < 500; ++round) {
    randomise(1, 3);
    run("V_FMA_F16", make(4, vgpr(1), vgpr(2), vgpr(3)));
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      const auto number = [&](u32 row) {
        return static_cast<double>(
            std::bit_cast<_Float16>(static_cast<std::uint16_t>(v(row, lane))));
      };
      // 64 bits of significand hold all that decides the rounding.
      const auto exact = static_cast<long double>(number(1)) * static_cast<long double>(number(2)) +
                         static_cast<long double>(number(3));
      const auto expected = static_cast<_Float16>(exact);
      const auto got = std::bit_cast<_Float16>(static_cast<std::uint16_t>(v(4, lane)));
      ASSERT_TRUE(got == expected || (got != got && expected != expected))
          << number(1) << " * " << number(2) << " + " << number(3);
    }
  }
}

}  // namespace
}  // namespace redbolt::emulator
