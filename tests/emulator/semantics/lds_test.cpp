// LDS loads and stores against a byte array, and the lane moves of DS against their definitions.
#include <algorithm>

#include "single_wave.hpp"

namespace redbolt::emulator {
namespace {

class Lds : public SingleWave {
 protected:
  Lds() {
    for (unsigned i = 0; i < lane_count; ++i) v(0, i) = static_cast<u32>(random() % 2000);
  }
  u32 bytes_at(u32 offset, u32 count) const {
    u32 value = 0;
    for (u32 b = 0; b < count; ++b) value |= u32{lds.at(offset + b)} << (8 * b);
    return value;
  }
  static Instruction at_offset(Instruction instruction, std::int32_t offset) {
    instruction.immediate = offset;
    return instruction;
  }
};

TEST_F(Lds, LoadsOfEveryWidthAtAnyAlignment) {
  wave->set_exec(random_lanes());
  for (const auto& [name, registers] : {std::pair{"DS_LOAD_B32", 1U},
                                        {"DS_LOAD_B64", 2U},
                                        {"DS_LOAD_B96", 3U},
                                        {"DS_LOAD_B128", 4U}}) {
    run(name, at_offset(make(10, vgpr(0)), 0x123));
    for (unsigned i = 0; i < lane_count; ++i) {
      for (u32 r = 0; r < registers; ++r) {
        const u32 expected =
            on(wave->exec(), i) ? bytes_at(v(0, i) + 0x123 + 4 * r, 4) : 0xdeadbeef;
        EXPECT_EQ(v(10 + r, i), expected) << name;
      }
    }
  }
}

TEST_F(Lds, NarrowLoadsExtendOrKeepTheOtherHalf) {
  struct Case {
    const char* name;
    u32 bytes;
    bool is_signed;
    int half;  // -1: the whole register
  };
  for (const Case& c :
       {Case{"DS_LOAD_U8", 1, false, -1}, Case{"DS_LOAD_I8", 1, true, -1},
        Case{"DS_LOAD_U16", 2, false, -1}, Case{"DS_LOAD_I16", 2, true, -1},
        Case{"DS_LOAD_U8_D16", 1, false, 0}, Case{"DS_LOAD_I8_D16_HI", 1, true, 1},
        Case{"DS_LOAD_U16_D16", 2, false, 0}, Case{"DS_LOAD_U16_D16_HI", 2, false, 1}}) {
    wave->vgpr[10].fill(0xdeadbeef);
    run(c.name, make(10, vgpr(0)));
    for (unsigned i = 0; i < lane_count; ++i) {
      std::int64_t value = bytes_at(v(0, i), c.bytes);
      if (c.is_signed && value >= std::int64_t{1} << (8 * c.bytes - 1)) {
        value -= std::int64_t{1} << (8 * c.bytes);
      }
      auto expected = static_cast<u32>(value);
      if (c.half == 0) expected = 0xdead0000 | (expected & 0xffff);
      if (c.half == 1) expected = 0x0000beef | expected << 16;
      EXPECT_EQ(v(10, i), expected) << c.name << " lane " << i;
    }
  }
}

TEST_F(Lds, StoresWriteTheirBytesAndNoOthers) {
  std::vector<u32> order(lane_count);
  for (unsigned i = 0; i < lane_count; ++i) v(0, i) = 40 * i + i % 3;
  randomise(2, 4);
  wave->set_exec(random_lanes());
  struct Case {
    const char* name;
    u32 bytes;
    u32 shift;
  };
  for (const Case& c :
       {Case{"DS_STORE_B8", 1, 0}, Case{"DS_STORE_B16", 2, 0}, Case{"DS_STORE_B32", 4, 0},
        Case{"DS_STORE_B64", 8, 0}, Case{"DS_STORE_B96", 12, 0}, Case{"DS_STORE_B128", 16, 0},
        Case{"DS_STORE_B8_D16_HI", 1, 16}, Case{"DS_STORE_B16_D16_HI", 2, 16}}) {
    auto expected = lds;
    for (unsigned i = 0; i < lane_count; ++i) {
      if (!on(wave->exec(), i)) continue;
      for (u32 b = 0; b < c.bytes; ++b) {
        expected.at(v(0, i) + 8 + b) =
            static_cast<std::uint8_t>(v(2 + b / 4, i) >> (8 * (b % 4) + c.shift));
      }
    }
    run(c.name, at_offset(make(0, vgpr(0), vgpr(2)), 8));
    EXPECT_EQ(lds, expected) << c.name;
  }
}

TEST_F(Lds, TwoAddressFormsCountInElements) {
  for (unsigned i = 0; i < lane_count; ++i) v(0, i) = 8 * i;
  randomise(2, 4);
  const std::int32_t offsets = 3 | 1 << 8;
  run("DS_STORE_2ADDR_STRIDE64_B64", at_offset(make(0, vgpr(0), vgpr(2), vgpr(4)), offsets));
  EXPECT_EQ(bytes_at(8 * 5 + 3 * 512, 4), v(2, 5));
  EXPECT_EQ(bytes_at(8 * 5 + 3 * 512 + 4, 4), v(3, 5));
  EXPECT_EQ(bytes_at(8 * 5 + 512, 4), v(4, 5));
  run("DS_LOAD_2ADDR_B32", at_offset(make(10, vgpr(0)), offsets));
  for (unsigned i = 0; i < lane_count; ++i) {
    EXPECT_EQ(v(10, i), bytes_at(8 * i + 12, 4));
    EXPECT_EQ(v(11, i), bytes_at(8 * i + 4, 4));
  }
}

TEST_F(Lds, BeyondTheAllocationReadsZeroAndWritesNothing) {
  const auto before = lds;
  for (unsigned i = 0; i < lane_count; ++i) v(0, i) = i % 2 == 0 ? 4094 : 0xfffffff0;
  v(0, 0) = 4092;  // the last dword that is there
  randomise(2);
  run("DS_LOAD_B32", make(10, vgpr(0)));
  EXPECT_EQ(v(10, 0), bytes_at(4092, 4));
  for (unsigned i = 1; i < lane_count; ++i) EXPECT_EQ(v(10, i), 0U);
  v(0, 0) = 4096;
  run("DS_STORE_B32", make(0, vgpr(0), vgpr(2)));
  EXPECT_EQ(lds, before);
}

TEST_F(Lds, PermutesByLaneAddress) {
  randomise(0, 2);
  const u32 exec = random_lanes() | 1;
  wave->set_exec(exec);
  std::array<u32, lane_count> sent{};
  for (unsigned i = 0; i < lane_count; ++i) {
    if (on(exec, i)) sent.at(v(0, i) / 4 % 32) = v(1, i);
  }
  run("DS_PERMUTE_B32", make(10, vgpr(0), vgpr(1)));
  run("DS_BPERMUTE_B32", make(11, vgpr(0), vgpr(1)));
  for (unsigned i = 0; i < lane_count; ++i) {
    const unsigned from = v(0, i) / 4 % 32;
    EXPECT_EQ(v(10, i), on(exec, i) ? sent.at(i) : 0xdeadbeef);
    EXPECT_EQ(v(11, i), !on(exec, i) ? 0xdeadbeef : on(exec, from) ? v(1, from) : 0);
  }
}

// The examples that the ISA document and LLVM's assembler syntax give names to.
TEST_F(Lds, SwizzleModes) {
  randomise(0);
  const auto expect_source = [&](std::int32_t offset, auto source) {
    run("DS_SWIZZLE_B32", at_offset(make(10, vgpr(0)), offset));
    for (unsigned i = 0; i < lane_count; ++i)
      EXPECT_EQ(v(10, i), v(0, source(i))) << offset << " " << i;
  };
  expect_source(0x1f | 16 << 10, [](unsigned i) { return i ^ 16; });        // SWAP,16
  expect_source(0x1f | 31 << 10, [](unsigned i) { return 31 - i; });        // REVERSE,32
  expect_source(0x18 | 5 << 5, [](unsigned i) { return (i & ~7U) | 5; });   // BROADCAST,8,5
  expect_source(0x8000 | 0b00'01'10'11, [](unsigned i) { return i ^ 3; });  // QUAD_PERM,3,2,1,0
  expect_source(0xc000 | 3 << 5, [](unsigned i) { return (i + 3) % 32; });  // ROTATE,0,3
  expect_source(0xc000 | 1 << 10 | 3 << 5, [](unsigned i) { return (i + 29) % 32; });
  // FFT with mask 0: bit reversal of the lane number.
  expect_source(0xe000, [](unsigned i) {
    return (i & 1) << 4 | (i & 2) << 2 | (i & 4) | (i & 8) >> 2 | (i & 16) >> 4;
  });
}

TEST_F(Lds, LaneNumberAddressing) {
  wave->scalar[scalar_index::m0] = 256;
  run("DS_LOAD_ADDTID_B32", at_offset(make(10, {}), 12));
  for (unsigned i = 0; i < lane_count; ++i) EXPECT_EQ(v(10, i), bytes_at(268 + 4 * i, 4));
}

}  // namespace
}  // namespace redbolt::emulator
