// What stops a wave: the card's own refusals, and those of the emulator, told apart by their kind.
#include <stop_token>
#include <utility>

#include "single_wave.hpp"

namespace redbolt::emulator {
namespace {

class RefusalTest : public testing::Test {
 protected:
  DispatchResult run(std::initializer_list<u32> words) {
    std::size_t offset = 0;
    for (const u32 word : words) memory.write(std::exchange(offset, offset + 4), word);
    Dispatch dispatch;
    dispatch.program = FlatMemory::base;
    dispatch.grid = {1, 1, 1};
    dispatch.threads = {32, 1, 1};
    dispatch.initiator = 1u << 15;  // waves of 32 lanes
    return dispatcher.run(dispatch, memory, counters, std::stop_token());
  }

  FlatMemory memory{8192};
  Counters counters;
  Dispatcher dispatcher{1};
};

constexpr u32 s_nop = 0xbf800000, s_endpgm = 0xbfb00000;

TEST_F(RefusalTest, IllegalInstructionsAreNamedWithTheirAddress) {
  const u32 s_ceil_f32 = 0xbe806000;  // of gfx1150
  const auto result = run({s_nop, s_ceil_f32, s_endpgm});
  EXPECT_EQ(result.kind, DispatchResult::Kind::illegal_instruction);
  EXPECT_EQ(result.address, FlatMemory::base + 4);
}

TEST_F(RefusalTest, WhatOnlyTrapHandlersDoIsIllegal) {
  const u32 s_rfe_b64 = 0xbe804a00;
  EXPECT_EQ(run({s_rfe_b64, s_endpgm}).kind, DispatchResult::Kind::illegal_instruction);
  const u32 s_code_end = 0xbf9f0000;
  EXPECT_EQ(run({s_code_end}).kind, DispatchResult::Kind::illegal_instruction);
}

TEST_F(RefusalTest, WhatIsNotModelledIsNamed) {
  const auto gds = run({s_nop, 0xd8020000, 0x00000100, s_endpgm});
  EXPECT_EQ(gds.kind, DispatchResult::Kind::not_modelled);
  EXPECT_EQ(gds.address, FlatMemory::base + 4);
  EXPECT_NE(gds.message.find("ds_add_u32"), std::string::npos) << gds.message;
  const auto image = run({0xf0000f00, 0x00000000, s_endpgm});
  EXPECT_EQ(image.kind, DispatchResult::Kind::not_modelled);
  EXPECT_NE(image.message.find("image_load"), std::string::npos) << image.message;
}

TEST_F(RefusalTest, RegistersOutOfRangeAreNoReason) {
  // v_mov_b32 v255, v254: beyond the eight registers of the wave.
  EXPECT_TRUE(run({0x7ffe03fe, s_endpgm}).completed());
}

}  // namespace
}  // namespace redbolt::emulator
