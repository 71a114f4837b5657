// FLAT through the apertures: lanes of one instruction reach LDS, scratch and memory, each its own.
#include "single_wave.hpp"

namespace redbolt::emulator {
namespace {

class FlatApertures : public SingleWave {
 protected:
  static constexpr u32 scratch_bytes = 64;
  FlatApertures() {
    wave->scratch_address = FlatMemory::base + 2048;
    wave->scratch_size = scratch_bytes;
    for (std::size_t offset = 0; offset < 4096; offset += 8) memory.write(offset, random());
  }
  void set_address(unsigned lane, u64 address) {
    v(0, lane) = static_cast<u32>(address);
    v(1, lane) = static_cast<u32>(address >> 32);
  }
  u64 shared(u32 offset) const { return dispatch.shared_aperture + offset; }
  u64 own(u32 offset) const { return dispatch.private_aperture + offset; }
  u32 lds_word(u32 offset) const {
    u32 value = 0;
    std::memcpy(&value, lds.data() + offset, 4);
    return value;
  }
  void set_lds_word(u32 offset, u32 value) { std::memcpy(lds.data() + offset, &value, 4); }
  // What a lane has at an offset of its scratch, through the other instruction.
  u32 scratch_word(unsigned lane, u32 offset) {
    const u32 exec = wave->exec();
    wave->set_exec(all_lanes);
    for (unsigned i = 0; i < lane_count; ++i) v(20, i) = offset;
    run("SCRATCH_LOAD_B32", make(21, vgpr(20)));
    wave->set_exec(exec);
    return v(21, lane);
  }
  Instruction returning(u32 destination) {
    auto instruction = make(destination, vgpr(0), vgpr(2));
    instruction.flags = flag::glc;
    return instruction;
  }
};

TEST_F(FlatApertures, StoresAndLoadsOfMixedLanes) {
  randomise(2);
  wave->set_exec(random_lanes() | 7);
  for (unsigned i = 0; i < lane_count; ++i) {
    set_address(i, i % 3 == 0   ? shared(256 + 4 * i)
                   : i % 3 == 1 ? own(12)  // the same address: every lane has its own
                                : FlatMemory::base + 8 * i);
  }
  std::array<u32, lane_count> old_lds{}, old_memory{}, old_scratch{};
  for (unsigned i = 0; i < lane_count; ++i) {
    old_lds.at(i) = lds_word(256 + 4 * i);
    old_memory.at(i) = memory.read<u32>(8 * i);
    old_scratch.at(i) = scratch_word(i, 12);
  }
  run("FLAT_STORE_B32", make(0, vgpr(0), vgpr(2)));
  for (unsigned i = 0; i < lane_count; ++i) {
    const bool stores = on(wave->exec(), i);
    EXPECT_EQ(lds_word(256 + 4 * i), stores && i % 3 == 0 ? v(2, i) : old_lds.at(i)) << i;
    EXPECT_EQ(scratch_word(i, 12), stores && i % 3 == 1 ? v(2, i) : old_scratch.at(i)) << i;
    EXPECT_EQ(memory.read<u32>(8 * i), stores && i % 3 == 2 ? v(2, i) : old_memory.at(i)) << i;
  }
  run("FLAT_LOAD_B32", make(10, vgpr(0)));
  for (unsigned i = 0; i < lane_count; ++i)
    EXPECT_EQ(v(10, i), on(wave->exec(), i) ? v(2, i) : 0xdeadbeef) << i;
}

// Four dwords of a lane are not neighbours in memory; bytes do not touch theirs.
TEST_F(FlatApertures, WideAndNarrowAccessesToScratch) {
  randomise(2, 4);
  for (unsigned i = 0; i < lane_count; ++i) set_address(i, own(16));
  run("FLAT_STORE_B128", make(0, vgpr(0), vgpr(2)));
  for (u32 d = 0; d < 4; ++d) {
    for (unsigned i = 0; i < lane_count; i += 5)
      EXPECT_EQ(scratch_word(i, 16 + 4 * d), v(2 + d, i));
  }
  for (unsigned i = 0; i < lane_count; ++i) set_address(i, own(21));
  randomise(6);
  run("FLAT_STORE_B8", make(0, vgpr(0), vgpr(6)));
  run("FLAT_LOAD_I8", make(10, vgpr(0)));
  for (unsigned i = 0; i < lane_count; ++i) {
    EXPECT_EQ(scratch_word(i, 20), (v(3, i) & 0xffff00ff) | (v(6, i) & 0xff) << 8);
    EXPECT_EQ(v(10, i), static_cast<u32>(static_cast<std::int8_t>(v(6, i))));
  }
}

TEST_F(FlatApertures, ALaneCannotLeaveItsScratch) {
  for (unsigned i = 0; i < lane_count; ++i) set_address(i, own(0));
  set_address(9, own(scratch_bytes - 2));
  run("FLAT_LOAD_B32", make(10, vgpr(0)));
  EXPECT_EQ(wave->failure.kind, DispatchResult::Kind::memory_fault);
}

// Lanes on one address act in turn. (There are no atomics on scratch.)
TEST_F(FlatApertures, AtomicsOfLanesOnOneAddress) {
  for (unsigned i = 0; i < lane_count; ++i) {
    set_address(i, i % 2 == 0 ? shared(512) : FlatMemory::base + 96);
    v(2, i) = 1u << (i / 2);
  }
  set_lds_word(512, 0x10000000);
  memory.write<u32>(96, 0x20000000);
  run("FLAT_ATOMIC_ADD_U32", returning(10));
  EXPECT_EQ(lds_word(512), 0x1000ffffu);
  EXPECT_EQ(memory.read<u32>(96), 0x2000ffffu);
  for (unsigned i = 0; i < lane_count; ++i)
    EXPECT_EQ(v(10, i), (i % 2 == 0 ? 0x10000000u : 0x20000000u) + (1u << (i / 2)) - 1) << i;
}

// The first lane finds what it compares with and changes it under the others.
TEST_F(FlatApertures, CompareAndSwapOfLanesOnOneAddress) {
  set_lds_word(64, 5);
  for (unsigned i = 0; i < lane_count; ++i) {
    set_address(i, shared(64));
    v(2, i) = 6 + i / 2;  // stored
    v(3, i) = 5 + i / 2;  // compared
  }
  run("FLAT_ATOMIC_CMPSWAP_B32", returning(10));
  EXPECT_EQ(lds_word(64), 21u);
  for (unsigned i = 0; i < lane_count; ++i) EXPECT_EQ(v(10, i), 5 + (i + 1) / 2) << i;
}

}  // namespace
}  // namespace redbolt::emulator
