// Register accesses: windows, banks, counters, what the reference says a card must answer.
#include <gmock/gmock.h>

#include "test_card.hpp"

namespace redbolt::emulator::test {
namespace {

// Dword addresses, from card/registers_touched.csv.
constexpr std::uint32_t mm_index = 0x0, mm_data = 0x1, mm_index_high = 0x6, grbm_gfx_cntl = 0xa900,
                        hqd_pq_base = 0x3211, sh_mem_bases = 0xa9e3, scratch0 = 0xc040,
                        scratch7 = 0xc047, remap_hdp_flush = 0xe4d, gpu_hdp_flush_req = 0xe26,
                        gpu_hdp_flush_done = 0xe27, doorbell_aperture = 0xde0,
                        s2a_entry2 = 0x507a42;

TEST(Registers, MmIndexAndBar0SeeTheSameMemory) {
  CardOptions options;
  options.bar0 = options.bar0_max = Bytes(256u << 20);
  TestCard card(options);
  // Inside the BAR: written through one, read through the other.
  card.write(mm_index_high, 0);
  card.write(mm_index, 0x80000000 | 0x00400004);
  card.write(mm_data, 0xcafef00d);
  EXPECT_EQ(card.read_vram32(0x00400004), 0xcafef00du);
  card.write_vram64(0x00500000, 0x1122334455667788);
  card.write(mm_index, 0x80000000 | 0x00500004);
  EXPECT_EQ(card.read(mm_data), 0x11223344u);
  // Beyond the BAR, where only this way goes: the discovery binary, 64 KiB before the end.
  const std::uint64_t at = (std::uint64_t{card.read(0xde3)} << 20) - (64 << 10);
  card.write(mm_index_high, static_cast<std::uint32_t>(at >> 31));
  card.write(mm_index, 0x80000000 | static_cast<std::uint32_t>(at & 0x7fffffff));
  EXPECT_EQ(card.read(mm_data), 0x28211407u);
}

TEST(Registers, MmIndexBeyondVramReadsOnes) {
  TestCard card;
  card.write(mm_index_high, 0x3f);
  card.write(mm_index, 0x80000000);
  EXPECT_EQ(card.read(mm_data), 0xffffffffu);
}

TEST(Registers, WindowsReachRegistersAndNotThemselves) {
  TestCard card;
  card.write(mm_index_high, 0);
  card.write(mm_index, scratch0 * 4);
  card.write(mm_data, 77);
  EXPECT_EQ(card.read(scratch0), 77u);
  card.write(0x14, scratch0 * 4);  // RSMU_INDEX
  EXPECT_EQ(card.read(0x15), 77u);
  card.write(0xe, scratch0 * 4);  // PCIE_INDEX2
  EXPECT_EQ(card.read(0xf), 77u);
  // Windows that show each other must not recurse.
  card.write(0x14, 0xf * 4);
  card.write(0xe, 0x15 * 4);
  EXPECT_EQ(card.read(0x15), 0u);
  card.write(mm_index, mm_data * 4);
  EXPECT_EQ(card.read(mm_data), 0u);
}

// A trace that is started and stopped has nothing in it: each engine's write pointer stands where
// its buffer begins, in units of 32 bytes, and nothing is pending.
TEST(Registers, ThreadTracesAreEmpty) {
  constexpr std::uint32_t index = 0xc200, buffer = 0xd9e8, size = 0xd9e9, control = 0xd9ec,
                          write_pointer = 0xd9ef, status = 0xd9f4;
  constexpr std::uint32_t broadcast = 0xe0000000;
  TestCard card;
  const auto buffer_of = [](std::uint32_t engine) { return 0x200012340000 + engine * 0x100000ull; };
  for (std::uint32_t engine = 0; engine < 6; ++engine) {
    card.write(index, engine << 16 | 1u << 30);
    card.write(size, 0x100 << 8 | static_cast<std::uint32_t>(buffer_of(engine) >> 44));
    card.write(buffer, static_cast<std::uint32_t>(buffer_of(engine) >> 12));
    EXPECT_EQ(card.read(write_pointer), 0u);
    card.write(control, 1);
  }
  for (std::uint32_t engine = 0; engine < 6; ++engine) {
    card.write(index, engine << 16 | 1u << 30);
    card.write(control, 0);
    EXPECT_EQ(card.read(write_pointer), (buffer_of(engine) / 32) & 0x1fffffff) << engine;
    EXPECT_EQ(card.read(status), 0u);
  }
  card.write(index, 6u << 16);  // no engine of this card
  EXPECT_EQ(card.read(write_pointer), 0u);
  card.write(index, broadcast);
  card.write(control, 1);
  card.write(index, 3u << 16);
  EXPECT_EQ(card.read(write_pointer), (buffer_of(5) / 32) & 0x1fffffff);
}

TEST(Registers, QueueRegistersExistOncePerQueue) {
  TestCard card;
  const auto select = [&](std::uint32_t me, std::uint32_t pipe, std::uint32_t queue,
                          std::uint32_t vmid) {
    card.write(grbm_gfx_cntl, pipe | me << 2 | vmid << 4 | queue << 8);
  };
  std::uint32_t value = 1;
  for (std::uint32_t pipe = 0; pipe < 4; ++pipe) {
    for (std::uint32_t queue = 0; queue < 8; ++queue) {
      select(1, pipe, queue, 0);
      card.write(hqd_pq_base, value++);
    }
  }
  value = 1;
  for (std::uint32_t pipe = 0; pipe < 4; ++pipe) {
    for (std::uint32_t queue = 0; queue < 8; ++queue) {
      select(1, pipe, queue, 5);  // the VMID does not matter here
      EXPECT_EQ(card.read(hqd_pq_base), value++);
    }
  }
  select(0, 0, 0, 0);
  EXPECT_EQ(card.read(hqd_pq_base), 0u);
}

TEST(Registers, ApertureRegistersExistOncePerVmid) {
  TestCard card;
  for (std::uint32_t vmid = 0; vmid < 16; ++vmid) {
    card.write(grbm_gfx_cntl, vmid << 4);
    card.write(sh_mem_bases, 0x10000 + vmid);
  }
  for (std::uint32_t vmid = 0; vmid < 16; ++vmid) {
    card.write(grbm_gfx_cntl, vmid << 4 | 0x300);
    EXPECT_EQ(card.read(sh_mem_bases), 0x10000 + vmid);
  }
}

TEST(Registers, UnknownOnesAreCountedAndNamed) {
  TestCard card;
  EXPECT_TRUE(card.card.unknown_registers().empty());
  card.read(0x3ffff);
  card.write(0x3ffff, 5);
  EXPECT_EQ(card.read(0x3ffff), 5u);
  card.read(0x7fffff0);
  EXPECT_EQ(card.read(0x3ffffff0), 0u);  // beyond everything
  const auto unknown = card.card.unknown_registers();
  EXPECT_THAT(unknown, ::testing::Contains(::testing::Pair("0x3ffff", 3)));
  EXPECT_THAT(unknown, ::testing::Contains(::testing::Pair("0x7fffff0", 1)));
  EXPECT_EQ(card.counter("unknown_registers"), 5u);
}

TEST(Registers, AccessesAreCounted) {
  TestCard card;
  const std::uint64_t reads = card.counter("register_reads"),
                      writes = card.counter("register_writes");
  card.write(scratch7, 1);
  card.read(scratch7);
  card.read(scratch7);
  EXPECT_EQ(card.counter("register_reads"), reads + 2);
  EXPECT_EQ(card.counter("register_writes"), writes + 1);
  std::vector<std::byte> data(100);
  card.write_vram(0x10000, data);
  EXPECT_EQ(card.counter("bar0_bytes_written"), 100u);
  card.read_vram(0x10000, 40);
  EXPECT_EQ(card.counter("bar0_bytes_read"), 40u);
}

TEST(Registers, SixtyFourBitAccessesAreTwoRegisters) {
  TestCard card;
  card.function->write64(pci::Bar::k5, TestCard::dword(scratch0), 0x2222222211111111);
  EXPECT_EQ(card.read(scratch0), 0x11111111u);
  EXPECT_EQ(card.read(scratch0 + 1), 0x22222222u);
  EXPECT_EQ(card.function->read64(pci::Bar::k5, TestCard::dword(scratch0)), 0x2222222211111111u);
}

TEST(Registers, MemorySizeCannotBeWritten) {
  TestCard card;
  const std::uint32_t size = card.read(0xde3);
  card.write(0xde3, 1);
  EXPECT_EQ(card.read(0xde3), size);
}

TEST(Registers, HdpFlushCanBeMoved) {
  TestCard card;
  EXPECT_EQ(card.read(remap_hdp_flush), 0x385cu);
  const std::uint64_t before = card.counter("hdp_flushes");
  card.write(0x385c / 4, 0);
  EXPECT_EQ(card.counter("hdp_flushes"), before + 1);
  card.write(remap_hdp_flush, 0x7f000);
  card.write(0x7f000 / 4, 0);
  EXPECT_EQ(card.counter("hdp_flushes"), before + 2);
  card.write(gpu_hdp_flush_req, 0x404);
  EXPECT_EQ(card.read(gpu_hdp_flush_done), 0x404u);
  EXPECT_EQ(card.counter("hdp_flushes"), before + 3);
  EXPECT_EQ(card.counter("unknown_registers"), 0u);
}

TEST(Registers, SafeModeIsLeftToTheCard) {
  TestCard card;
  card.write(0xa980, 3);  // RLC_SAFE_MODE: cmd, message 1
  EXPECT_TRUE(card.becomes(0xa980, 0, 1));
}

TEST(Doorbells, AreLostUntilTheApertureAndAnEntryAreOpen) {
  TestCard card;
  const auto ring = [&](std::uint64_t offset) {
    card.function->write64(pci::Bar::k2, pci::BarOffset(offset), 1);
  };
  const auto dropped = [&] { return card.counter("doorbells_dropped"); };
  ring(0x800);
  EXPECT_EQ(dropped(), 1u);
  card.write(doorbell_aperture, 1);
  ring(0x800);
  EXPECT_EQ(dropped(), 2u);
  card.write(s2a_entry2, 0x3009001d);  // SDMA: dwords 0x200..0x203
  ring(0x800);
  EXPECT_EQ(dropped(), 2u);
  ring(0x810);  // behind the range
  EXPECT_EQ(dropped(), 3u);
  card.write(doorbell_aperture, 0);
  ring(0x800);
  EXPECT_EQ(dropped(), 4u);
  EXPECT_EQ(card.counter("doorbells"), 5u);
}

// "value a served card must return" for registers that answer without being told anything.
TEST(Registers, FreshCardAnswersAsTheReferenceSays) {
  TestCard card{CardOptions{}};
  EXPECT_EQ(card.read(0x16091), 0u);        // C2PMSG_81: sOS is not alive
  EXPECT_EQ(card.read(0x16063) >> 31, 1u);  // C2PMSG_35: bootloader ready
  EXPECT_EQ(card.read(0x16087), 0u);        // C2PMSG_71: no ring
  EXPECT_EQ(card.read(0xc047), 0u);         // SCRATCH_REG7: never booted
  EXPECT_EQ(card.read(0x2828), 0u);         // no fault
  EXPECT_EQ(card.read(0x21a0), 0u);         // CP_STAT
  EXPECT_EQ(card.read(0xe1e) & 6, 0u);      // BIF_DOORBELL_INT_CNTL
  EXPECT_EQ(card.read(0x1124), 0u);         // IH_RB_WPTR
}

}  // namespace
}  // namespace redbolt::emulator::test
