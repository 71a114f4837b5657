// The limits of a compute unit: what just fits runs, what does not is refused by name.
#include "compute_queue_test.hpp"

namespace redbolt::emulator::testing {
namespace {

// Carries user SGPR 2 through LDS, s105 and v255 to s[0:1].
const std::vector<std::uint32_t> high_registers_program{
    0x7e000280,              // v_mov_b32_e32 v0, 0
    0x7e020287,              // v_mov_b32_e32 v1, 7
    0xd8340000, 0x00000100,  // ds_store_b32 v0, v1
    0xbf89fc07,              // s_waitcnt lgkmcnt(0)
    0xbee90002,              // s_mov_b32 s105, s2
    0x7ffe0269,              // v_mov_b32_e32 v255, s105
    0xdc6a0000, 0x0000ff00,  // global_store_b32 v0, v255, s[0:1]
    0xbfb00000,              // s_endpgm
};
// Writes to the last dword of the largest scratch and reads it back.
const std::vector<std::uint32_t> scratch_program{
    0x7e0002ff, 0x00000055,  // v_mov_b32_e32 v0, 0x55
    0x7e0402ff, 0x0003fff4,  // v_mov_b32_e32 v2, 0x3fff4
    0xdc690000, 0x00fc0002,  // scratch_store_b32 v2, v0, off
    0xdc510000, 0x01fc0002,  // scratch_load_b32 v1, v2, off
    0x7e000280,              // v_mov_b32_e32 v0, 0
    0xbf8903f7,              // s_waitcnt vmcnt(0)
    0xdc6a0000, 0x00000100,  // global_store_b32 v0, v1, s[0:1]
    0xbfb00000,              // s_endpgm
};

class DispatchLimitsTest : public MecTest {
 protected:
  // Places of values in the fixture's dispatch packets.
  static constexpr std::size_t rsrc1 = 6, rsrc2 = 7, threads_x = 18, initiator = 27;

  std::string refusal(std::size_t place, std::uint32_t value) {
    auto words = dispatch(data, 1);
    words[place] = value;
    load(store_program);
    store_pointer();
    activate();
    submit(words + release(data + 64, 1));
    EXPECT_TRUE(eventually([&] { return !reasons().empty(); }));
    EXPECT_EQ(card.load32(data + 64), 0u);
    const std::string reason = reasons().empty() ? "" : reasons()[0];
    reset_queue();
    EXPECT_TRUE(ends());
    return reason;
  }
  void store_pointer() {
    card.store64(poll, 0);
    written_ = 0;
  }
};

TEST_F(DispatchLimitsTest, TheLargestOfEverything) {
  load(high_registers_program);
  activate();
  auto words = dispatch(data, 0xabc);
  words[rsrc1] = 0x00af001f;            // 32 x 8 VGPRs
  words[rsrc2] = 3u << 1 | 128u << 15;  // 128 x 512 bytes of LDS
  words[threads_x] = 1024;
  submit(words);
  ASSERT_TRUE(drained());
  EXPECT_EQ(card.load32(data), 0xabcu);
  EXPECT_EQ(card.counter("waves"), 32u);
}

TEST_F(DispatchLimitsTest, TheWholeOfWavesize) {
  // 0x7fff x 256 bytes for 32 lanes: 0x3fff8 bytes a lane.
  const std::uint64_t scratch = page + 0x800000;
  load(scratch_program);
  activate();
  auto words = dispatch(data, 1);
  words[rsrc2] |= 1;
  submit(std::vector<std::uint32_t>{0xc0017600, 0x218, 1u | 0x7fffu << 12, 0xc0027600, 0x210,
                                    low(scratch >> 8), high(scratch >> 8)} +
         words);
  ASSERT_TRUE(eventually([&] { return card.load32(data) == 0x55 || !reasons().empty(); }));
  EXPECT_TRUE(reasons().empty()) << reasons()[0];
  // Dword n of lane 0 is at n x 32 x 4 bytes.
  EXPECT_EQ(card.load32(scratch + 0x3fff4ull * 32), 0x55u);
}

TEST_F(DispatchLimitsTest, WhatDoesNotFitIsNamed) {
  EXPECT_NE(refusal(threads_x, 1025).find("1024 threads"), std::string::npos);
  EXPECT_NE(refusal(threads_x, 0).find("NUM_THREAD_X"), std::string::npos);
  EXPECT_NE(refusal(rsrc2, 129u << 15).find("64 KiB"), std::string::npos);
  EXPECT_NE(refusal(rsrc1, 0x00af0020).find("256 VGPRs"), std::string::npos);
  EXPECT_NE(refusal(rsrc2, 17u << 1).find("user SGPRs"), std::string::npos);
  EXPECT_NE(refusal(rsrc2, 3u << 1 | 1).find("WAVESIZE is 0"), std::string::npos);
  EXPECT_NE(refusal(initiator, 5).find("64 lanes"), std::string::npos);
}

}  // namespace
}  // namespace redbolt::emulator::testing
