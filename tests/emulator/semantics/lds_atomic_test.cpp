// LDS atomics: each lane in turn, old values returned, against AMD's one-line definitions.
#include <functional>

#include "single_wave.hpp"

namespace redbolt::emulator {
namespace {

using i32 = std::int32_t;

class LdsAtomic : public SingleWave {
 protected:
  u32 word(u32 offset) const {
    u32 value;
    std::memcpy(&value, &lds.at(offset), 4);
    return value;
  }
  u64 word64(u32 offset) const {
    u64 value;
    std::memcpy(&value, &lds.at(offset), 8);
    return value;
  }
};

struct Case {
  const char* name;
  std::function<u32(u32 old, u32 data, u32 other)> expected;
};

TEST_F(LdsAtomic, EveryOperationOf32Bits) {
  const Case cases[] = {
      {"ADD_RTN_U32", [](u32 m, u32 d, u32) { return m + d; }},
      {"SUB_RTN_U32", [](u32 m, u32 d, u32) { return m - d; }},
      {"RSUB_RTN_U32", [](u32 m, u32 d, u32) { return d - m; }},
      {"INC_RTN_U32", [](u32 m, u32 d, u32) { return m >= d ? 0 : m + 1; }},
      {"DEC_RTN_U32", [](u32 m, u32 d, u32) { return m == 0 || m > d ? d : m - 1; }},
      {"MIN_RTN_I32",
       [](u32 m, u32 d, u32) {
         return static_cast<u32>(std::min<i32>(static_cast<i32>(m), static_cast<i32>(d)));
       }},
      {"MAX_RTN_I32",
       [](u32 m, u32 d, u32) {
         return static_cast<u32>(std::max<i32>(static_cast<i32>(m), static_cast<i32>(d)));
       }},
      {"MIN_RTN_U32", [](u32 m, u32 d, u32) { return std::min(m, d); }},
      {"MAX_RTN_U32", [](u32 m, u32 d, u32) { return std::max(m, d); }},
      {"AND_RTN_B32", [](u32 m, u32 d, u32) { return m & d; }},
      {"OR_RTN_B32", [](u32 m, u32 d, u32) { return m | d; }},
      {"XOR_RTN_B32", [](u32 m, u32 d, u32) { return m ^ d; }},
      {"MSKOR_RTN_B32", [](u32 m, u32 d, u32 o) { return (m & ~d) | o; }},
      {"CMPSTORE_RTN_B32", [](u32 m, u32 d, u32 o) { return m == o ? d : m; }},
      {"STOREXCHG_RTN_B32", [](u32, u32 d, u32) { return d; }},
      {"WRAP_RTN_B32", [](u32 m, u32 d, u32 o) { return m >= d ? m - d : m + o; }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    randomise(1, 2);
    wave->set_exec(random_lanes());
    // Lanes in pairs on one address: the second sees what the first left.
    for (unsigned i = 0; i < lane_count; ++i) v(0, i) = i / 2 * 4;
    for (unsigned i = 0; i < lane_count; i += 4)
      v(2, i) = word(i / 2 * 4 + 16);  // comparisons that hold
    auto model = lds;
    std::array<u32, lane_count> old{};
    for (unsigned i = 0; i < lane_count; ++i) {
      if (!on(wave->exec(), i)) continue;
      u32 value;
      std::memcpy(&value, &model.at(v(0, i) + 16), 4);
      old.at(i) = value;
      value = c.expected(value, v(1, i), v(2, i));
      std::memcpy(&model.at(v(0, i) + 16), &value, 4);
    }
    auto instruction = make(10, vgpr(0), vgpr(1), vgpr(2));
    instruction.immediate = 16;
    wave->vgpr[10].fill(0xdeadbeef);
    run(std::string("DS_") + c.name, instruction);
    EXPECT_EQ(lds, model);
    for (unsigned i = 0; i < lane_count; ++i) {
      EXPECT_EQ(v(10, i), on(wave->exec(), i) ? old.at(i) : 0xdeadbeef);
    }
  }
}

TEST_F(LdsAtomic, WithoutReturnTheDestinationIsUntouched) {
  for (unsigned i = 0; i < lane_count; ++i) v(0, i) = 4 * i;
  randomise(1);
  const u32 before = word(4 * 7);
  run("DS_ADD_U32", make(10, vgpr(0), vgpr(1)));
  EXPECT_EQ(word(4 * 7), before + v(1, 7));
  EXPECT_EQ(v(10, 7), 0xdeadbeef);
}

TEST_F(LdsAtomic, FloatSumsOfAllLanes) {
  const float zero = 0;
  std::memcpy(&lds.at(64), &zero, 4);
  for (unsigned i = 0; i < lane_count; ++i) {
    v(0, i) = 64;
    v(1, i) = std::bit_cast<u32>(static_cast<float>(i));
  }
  run("DS_ADD_F32", make(0, vgpr(0), vgpr(1)));
  EXPECT_EQ(std::bit_cast<float>(word(64)), 31.0F * 32 / 2);
}

TEST_F(LdsAtomic, SixtyFourBits) {
  for (unsigned i = 0; i < lane_count; ++i) v(0, i) = 8 * i;
  randomise(2, 4);
  std::array<u64, lane_count> before{};
  for (u32 i = 0; i < lane_count; ++i) before.at(i) = word64(8 * i);
  run("DS_ADD_RTN_U64", make(10, vgpr(0), vgpr(2)));
  for (u32 i = 0; i < lane_count; ++i) {
    EXPECT_EQ(v64(10, i), before.at(i));
    EXPECT_EQ(word64(8 * i), before.at(i) + v64(2, i));
  }
}

TEST_F(LdsAtomic, ExchangeAtTwoAddresses) {
  for (unsigned i = 0; i < lane_count; ++i) v(0, i) = 4 * i;
  randomise(2, 2);
  const u32 first = word(4 * 9 + 400);
  const u32 second = word(4 * 9 + 800);
  auto instruction = make(10, vgpr(0), vgpr(2), vgpr(3));
  instruction.immediate = 100 | 200 << 8;
  run("DS_STOREXCHG_2ADDR_RTN_B32", instruction);
  EXPECT_EQ(v(10, 9), first);
  EXPECT_EQ(v(11, 9), second);
  EXPECT_EQ(word(4 * 9 + 400), v(2, 9));
  EXPECT_EQ(word(4 * 9 + 800), v(3, 9));
}

TEST_F(LdsAtomic, AppendAndConsumeCountEnabledLanes) {
  wave->scalar[scalar_index::m0] = 128;
  const u32 start = word(132);
  wave->set_exec(0x0000'ff01);
  auto instruction = make(10, {});
  instruction.immediate = 4;
  run("DS_APPEND", instruction);
  EXPECT_EQ(word(132), start + 9);
  EXPECT_EQ(v(10, 0), start);
  EXPECT_EQ(v(10, 1), 0xdeadbeef);
  run("DS_CONSUME", instruction);
  EXPECT_EQ(word(132), start);
  EXPECT_EQ(v(10, 8), start + 9);
}

}  // namespace
}  // namespace redbolt::emulator
