// The instructions that graphics left in the compute set, and others without a test of their own:
// expected values from AMD's definitions.
#include <cmath>

#include "single_wave.hpp"

namespace redbolt::emulator {
namespace {

class OtherOperations : public SingleWave {
 protected:
  static u32 bits(float value) { return std::bit_cast<u32>(value); }
  static float number(u32 value) { return std::bit_cast<float>(value); }
};

TEST_F(OtherOperations, CubeMapCoordinates) {
  struct Case {
    float x, y, z, face, s, t, axis;
  };
  constexpr Case cases[] = {
      {1, 0.5f, -0.25f, 0, 0.25f, -0.5f, 2},
      {-1, 0.5f, -0.25f, 1, -0.25f, -0.5f, -2},
      {0.5f, 2, 1, 2, 0.5f, 1, 4},
      {0.5f, -2, 1, 3, 0.5f, -1, -4},
      {0.5f, 0.25f, 3, 4, 0.5f, -0.25f, 6},
      {0.5f, 0.25f, -3, 5, -0.5f, -0.25f, -6},
      {1, 1, 1, 4, 1, -1, 2},
      {1, 1, 0.5f, 2, 1, 0.5f, 2},
  };
  unsigned lane = 0;
  for (const Case& c : cases) {
    v(0, lane) = bits(c.x);
    v(1, lane) = bits(c.y);
    v(2, lane++) = bits(c.z);
  }
  const char* names[] = {"V_CUBEID_F32", "V_CUBESC_F32", "V_CUBETC_F32", "V_CUBEMA_F32"};
  for (u32 n = 0; n < 4; ++n) run(names[n], make(10 + n, vgpr(0), vgpr(1), vgpr(2)));
  for (unsigned i = 0; i < lane; ++i) {
    EXPECT_EQ(number(v(10, i)), cases[i].face) << i;
    EXPECT_EQ(number(v(11, i)), cases[i].s) << i;
    EXPECT_EQ(number(v(12, i)), cases[i].t) << i;
    EXPECT_EQ(number(v(13, i)), cases[i].axis) << i;
  }
}

TEST_F(OtherOperations, InterpolationReadsLanesOfTheQuad) {
  for (unsigned i = 0; i < lane_count; ++i) {
    v(0, i) = bits(static_cast<float>(i));
    v(1, i) = bits(0.5f);
    v(2, i) = bits(100.0f + static_cast<float>(i));
  }
  run("V_INTERP_P10_F32", make(10, vgpr(0), vgpr(1), vgpr(2)));
  run("V_INTERP_P2_F32", make(11, vgpr(0), vgpr(1), vgpr(2)));
  for (unsigned i = 0; i < lane_count; ++i) {
    const auto quad = static_cast<float>(i & ~3u);
    EXPECT_EQ(number(v(10, i)), (quad + 1) * 0.5f + 100 + quad);
    EXPECT_EQ(number(v(11, i)), (quad + 2) * 0.5f + 100 + static_cast<float>(i));
  }
}

TEST_F(OtherOperations, InterpolationToHalvesRoundsTowardZeroWhereItSays) {
  for (unsigned i = 0; i < lane_count; ++i) {
    v(0, i) = 0x3c00;      // 1.0
    v(1, i) = bits(1.0f);  // 1 + 2047/2048 lies between two float16
    v(2, i) = bits(2047.0f / 2048.0f);
    v(10, i) = v(11, i) = 0xaaaa0000;
  }
  run("V_INTERP_P2_F16_F32", make(10, vgpr(0), vgpr(1), vgpr(2)));
  run("V_INTERP_P2_RTZ_F16_F32", make(11, vgpr(0), vgpr(1), vgpr(2)));
  EXPECT_EQ(v(10, 0), 0xaaaa4000u);
  EXPECT_EQ(v(11, 0), 0xaaaa3fffu);
}

TEST_F(OtherOperations, LdsDirectLoadWritesWholeQuads) {
  lds[64] = 0x80;
  lds[65] = 0xff;
  wave->scalar[scalar_index::m0] = 64 | 4u << 16;  // signed byte
  wave->set_exec(0x20);
  run("LDS_DIRECT_LOAD", make(10, {}));
  for (unsigned i = 0; i < lane_count; ++i) {
    EXPECT_EQ(v(10, i), i / 4 == 1 ? 0xffffff80u : 0xdeadbeefu) << i;
  }
  EXPECT_EQ(wave->exec(), 0x20u);
  wave->scalar[scalar_index::m0] = 64 | 1u << 16;  // unsigned short
  run("LDS_DIRECT_LOAD", make(10, {}));
  EXPECT_EQ(v(10, 4), 0xff80u);
}

// 2/pi to 53 bits, and the next 53.
TEST_F(OtherOperations, TrigPreopGivesBitsOfTwoOverPi) {
  const u64 one = std::bit_cast<u64>(1.0);
  for (unsigned i = 0; i < lane_count; ++i) {
    v(0, i) = static_cast<u32>(one);
    v(1, i) = static_cast<u32>(one >> 32);
    v(2, i) = i % 3;
  }
  run("V_TRIG_PREOP_F64", make(10, vgpr(0), vgpr(2)));
  const double first = std::bit_cast<double>(v64(10, 0));
  const double second = std::bit_cast<double>(v64(10, 1));
  EXPECT_EQ(first, std::ldexp(static_cast<double>(0xa2f9836e4e4415ull >> 3), -53));
  EXPECT_LE(std::fabs(2 / std::acos(-1.0) - first), 0x1p-53);
  EXPECT_LT(second, 0x1p-53);
  EXPECT_GT(second, 0x1p-60);
  const u64 large = std::bit_cast<u64>(0x1p60);  // exponent 1083: six bits further
  v(0, 0) = static_cast<u32>(large);
  v(1, 0) = static_cast<u32>(large >> 32);
  run("V_TRIG_PREOP_F64", make(10, vgpr(0), vgpr(2)));
  EXPECT_EQ(std::bit_cast<double>(v64(10, 0)),
            std::ldexp(static_cast<double>((0xa2f9836e4e441529ull << 6 >> 11)), -59));
}

TEST_F(OtherOperations, WideMaskedDifferences) {
  v(0, 0) = 0x04030201;
  v(1, 0) = 0x08070605;
  v(2, 0) = 0x0a000a0a;  // the third byte does not count
  for (u32 n = 0; n < 4; ++n) v(4 + n, 0) = 100 * n;
  run("V_MQSAD_U32_U8", make(10, vgpr(0), vgpr(2), vgpr(4)));
  for (u32 n = 0; n < 4; ++n) {
    EXPECT_EQ(v(10 + n, 0), 100 * n + (10 - (1 + n)) + (10 - (2 + n)) + (10 - (4 + n)));
  }
}

TEST_F(OtherOperations, RelativeMovesStayInTheAllocatedRegisters) {
  wave->vgpr_count = 32;
  randomise(0, 40);
  const auto before = wave->vgpr;
  wave->scalar[scalar_index::m0] = 5;
  run("V_MOVRELS_B32", make(10, vgpr(3)));
  EXPECT_EQ(v(10, 7), before[8][7]);
  wave->scalar[scalar_index::m0] = 29;  // v32 does not exist: v0 is read, and nothing written
  run("V_MOVRELS_B32", make(11, vgpr(3)));
  EXPECT_EQ(v(11, 7), before[0][7]);
  run("V_MOVRELD_B32", make(3, vgpr(12)));
  EXPECT_EQ(wave->vgpr[32], before[32]);
}

TEST_F(OtherOperations, RelativeSwap) {
  randomise(0, 20);
  const auto before = wave->vgpr;
  wave->scalar[scalar_index::m0] = 2 | 3u << 16;
  run("V_SWAPREL_B32", make(4, vgpr(10)));
  EXPECT_EQ(wave->vgpr[7], before[12]);
  EXPECT_EQ(wave->vgpr[12], before[7]);
  wave->vgpr_count = 12;
  run("V_SWAPREL_B32", make(4, vgpr(10)));
  EXPECT_EQ(wave->vgpr[7], before[12]);
}

TEST_F(OtherOperations, ScalarBufferLoadsStopAtTheEnd) {
  for (u32 i = 0; i < 8; ++i) memory.write(4 * i, 0x100 + i);
  auto& s = wave->scalar;
  s[8] = static_cast<u32>(FlatMemory::base);
  s[9] = 0;
  s[10] = 12;        // bytes
  s[11] = 22 << 12;  // a format, so that the descriptor is bound
  for (u32 i = 20; i < 24; ++i) s[i] = 0xdead;
  Instruction instruction =
      make(20, {8, OperandKind::sgpr, 0, 0}, {scalar_index::zero, OperandKind::sgpr, 0, 0});
  instruction.immediate = 4;
  run("S_BUFFER_LOAD_B128", instruction);
  EXPECT_EQ(s[20], 0x101u);
  EXPECT_EQ(s[21], 0x102u);
  EXPECT_EQ(s[22], 0u);
  EXPECT_EQ(s[23], 0u);
}

TEST_F(OtherOperations, LoadsByLaneNumber) {
  for (u32 i = 0; i < 64; ++i) memory.write(4 * i, 0x200 + i);
  wave->set_scalar64(8, FlatMemory::base);
  Instruction instruction = make(10, {}, vgpr(4), {8, OperandKind::sgpr, 0, 0});
  instruction.immediate = 16;
  wave->set_exec(0xf0);
  run("GLOBAL_LOAD_ADDTID_B32", instruction);
  for (unsigned i = 0; i < lane_count; ++i) {
    EXPECT_EQ(v(10, i), on(0xf0, i) ? 0x200 + 4 + i : 0xdeadbeef);
    v(4, i) = 0x300 + i;
  }
  run("GLOBAL_STORE_ADDTID_B32", instruction);
  EXPECT_EQ(memory.read<u32>(16 + 4 * 4), 0x304u);
  EXPECT_EQ(memory.read<u32>(16 + 4 * 8), 0x200u + 12);
}

TEST_F(OtherOperations, ScalarMovesStayInTheScalarRegisters) {
  auto& s = wave->scalar;
  s[0] = 11;
  s[107] = 22;
  s[scalar_index::m0] = 7;
  run("S_MOVRELS_B32", make(20, {100, OperandKind::sgpr, 0, 0}));
  EXPECT_EQ(s[20], 22u);  // VCC_HI
  s[scalar_index::m0] = 8;
  run("S_MOVRELS_B32", make(20, {100, OperandKind::sgpr, 0, 0}));
  EXPECT_EQ(s[20], 11u);  // out of range: s0
  s[108] = 33;
  run("S_MOVRELD_B32", make(100, constant(5)));
  EXPECT_EQ(s[108], 33u);
}

TEST_F(OtherOperations, KilledAndDebuggedWaves) {
  Instruction instruction = make(0, {});
  run("S_CBRANCH_CDBGSYS_OR_USER", instruction);
  EXPECT_EQ(wave->status, WaveStatus::running);
  run("S_SETKILL", instruction);
  EXPECT_EQ(wave->status, WaveStatus::running);
  instruction.immediate = 1;
  run("S_SETKILL", instruction);
  EXPECT_EQ(wave->status, WaveStatus::ended);
}

}  // namespace
}  // namespace redbolt::emulator
