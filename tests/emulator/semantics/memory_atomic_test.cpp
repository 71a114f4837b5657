// Atomics on memory.
#include "single_wave.hpp"

namespace redbolt::emulator {
namespace {

class MemoryAtomic : public SingleWave {
 protected:
  MemoryAtomic() {
    for (std::size_t offset = 0; offset < 4096; offset += 8) memory.write(offset, random());
    for (unsigned i = 0; i < lane_count; ++i) set_address(i, FlatMemory::base + 8 * i);
  }
  void set_address(unsigned lane, u64 address) {
    v(0, lane) = static_cast<u32>(address);
    v(1, lane) = static_cast<u32>(address >> 32);
  }
  Instruction returning(u32 destination) {
    auto instruction = make(destination, vgpr(0), vgpr(2));
    instruction.flags = flag::glc;
    return instruction;
  }
};

TEST_F(MemoryAtomic, AddReturnsTheOldValueOnlyWhenAsked) {
  randomise(2);
  const auto before = memory.read<u32>(8 * 4);
  auto instruction = returning(10);
  instruction.flags = 0;
  run("GLOBAL_ATOMIC_ADD_U32", instruction);
  EXPECT_EQ(memory.read<u32>(8 * 4), before + v(2, 4));
  EXPECT_EQ(v(10, 4), 0xdeadbeef);
  run("GLOBAL_ATOMIC_ADD_U32", returning(10));
  EXPECT_EQ(v(10, 4), before + v(2, 4));
}

TEST_F(MemoryAtomic, LanesOnOneAddressActInTurn) {
  for (unsigned i = 0; i < lane_count; ++i) {
    set_address(i, FlatMemory::base + 40);
    v(2, i) = 1;
  }
  memory.write<u32>(40, 100);
  run("GLOBAL_ATOMIC_ADD_U32", returning(10));
  EXPECT_EQ(memory.read<u32>(40), 132U);
  for (unsigned i = 0; i < lane_count; ++i) EXPECT_EQ(v(10, i), 100 + i);
}

TEST_F(MemoryAtomic, CompareAndSwapTakesDataThenComparison) {
  randomise(2, 2);
  for (unsigned i = 0; i < lane_count; i += 2) v(3, i) = memory.read<u32>(8 * i);
  std::array<u32, lane_count> before{};
  for (unsigned i = 0; i < lane_count; ++i) before.at(i) = memory.read<u32>(8 * i);
  v(3, 1) = before[1] + 1;
  run("GLOBAL_ATOMIC_CMPSWAP_B32", returning(10));
  EXPECT_EQ(memory.read<u32>(0), v(2, 0));
  EXPECT_EQ(memory.read<u32>(8), before[1]);
  for (unsigned i = 0; i < lane_count; ++i) EXPECT_EQ(v(10, i), before.at(i));
}

TEST_F(MemoryAtomic, SixtyFourBitsAndFloats) {
  randomise(2, 2);
  const auto before = memory.read<u64>(8 * 6);
  run("FLAT_ATOMIC_SWAP_B64", returning(10));
  EXPECT_EQ(v64(10, 6), before);
  EXPECT_EQ(memory.read<u64>(8 * 6), v64(2, 6));
  for (unsigned i = 0; i < lane_count; ++i) {
    memory.write(8 * i, 1.5F);
    v(2, i) = std::bit_cast<u32>(static_cast<float>(i));
  }
  run("GLOBAL_ATOMIC_ADD_F32", returning(10));
  EXPECT_EQ(memory.read<float>(8 * 20), 21.5F);
  EXPECT_EQ(std::bit_cast<float>(v(10, 20)), 1.5F);
}

TEST_F(MemoryAtomic, DisabledLanesTouchNothing) {
  randomise(2);
  const auto before = memory.read<u32>(8 * 3);
  wave->set_exec(~(1U << 3));
  run("GLOBAL_ATOMIC_SWAP_B32", returning(10));
  EXPECT_EQ(memory.read<u32>(8 * 3), before);
  EXPECT_EQ(v(10, 3), 0xdeadbeef);
  EXPECT_EQ(memory.read<u32>(8 * 2), v(2, 2));
}

}  // namespace
}  // namespace redbolt::emulator
