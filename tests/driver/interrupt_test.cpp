// The interrupt ring: entries made by hand, from the IH entry layout of the Linux driver, decoded;
// drained across the end of the ring and after an overflow.
#include <gtest/gtest.h>

#include "interrupt_handler.hpp"
#include "memory/vram_layout.hpp"
#include "mock_function.hpp"
#include "redbolt/registers/osssys_6_0_0.hpp"

namespace redbolt::driver {
namespace {

using namespace std::chrono_literals;
namespace osssys = registers::osssys;

using Entry = std::array<std::uint32_t, 8>;

Entry fault_entry(std::uint64_t address) {
  return {10u | 0u << 8 | 3u << 16 | 5u << 24,
          0x11223344,
          0x5566,
          0x77,
          static_cast<std::uint32_t>(address >> 12),
          static_cast<std::uint32_t>(address >> 44),
          0,
          9};
}

TEST(Interrupt, MemoryFault) {
  const Entry words = fault_entry(0x2fff'1234'5000);
  const auto interrupt = decode_interrupt(std::as_bytes(std::span(words)));
  EXPECT_EQ(interrupt.kind, InterruptKind::memory_fault);
  EXPECT_EQ(interrupt.address, GpuAddress(0x2fff'1234'5000));
  EXPECT_EQ(interrupt.client, 10u);
  EXPECT_EQ(interrupt.ring, 3u);
  EXPECT_EQ(interrupt.vmid, 5u);
  EXPECT_EQ(interrupt.pasid, 0x77u);
  EXPECT_EQ(interrupt.timestamp, 0x5566'1122'3344u);
  EXPECT_EQ(interrupt.context[3], 9u);
  EXPECT_TRUE(interrupt.is_error());
  EXPECT_NE(interrupt.describe().find("0x2fff12345000"), std::string::npos);
}

TEST(Interrupt, KindsBySenderAndSource) {
  const auto kind = [](std::uint32_t client, std::uint32_t source) {
    const Entry words = {client | source << 8};
    return decode_interrupt(std::as_bytes(std::span(words))).kind;
  };
  EXPECT_EQ(kind(18, 0), InterruptKind::memory_fault);
  EXPECT_EQ(kind(20, 181), InterruptKind::end_of_pipe);
  EXPECT_EQ(kind(20, 183), InterruptKind::bad_packet);
  EXPECT_EQ(kind(20, 184), InterruptKind::privileged_register);
  EXPECT_EQ(kind(20, 185), InterruptKind::illegal_instruction);
  EXPECT_EQ(kind(10, 49), InterruptKind::end_of_pipe);
  EXPECT_EQ(kind(10, 60), InterruptKind::queue_fault);
  EXPECT_EQ(kind(31, 7), InterruptKind::other);
  // SQ_INTERRUPT of an error: bits 24..21 of the context are 1 for an illegal instruction, 2 for a
  // memory violation.
  const auto shader_error = [](std::uint32_t type) {
    const Entry words = {20u | 239u << 8, 0, 0, 0, type << 21, 2u << 6};
    return decode_interrupt(std::as_bytes(std::span(words))).kind;
  };
  EXPECT_EQ(shader_error(1), InterruptKind::illegal_instruction);
  EXPECT_EQ(shader_error(2), InterruptKind::memory_violation);
}

class Handler : public testing::Test {
 protected:
  static constexpr std::uint32_t kRing = 256 << 10;
  Handler() {
    file.set_bases(test::navi31_bases());
    std::memset(function.vram() + vram_layout::kInterruptWritePointer.value(), 0xee, 4);
    handler.start();
  }
  void put(std::uint32_t at, const Entry& entry) {
    std::memcpy(function.vram() + vram_layout::kInterruptRing0.value() + at % kRing, entry.data(),
                32);
  }
  test::MockFunction function;
  RegisterFile file{function, pci::Bar::k5, 50ms};
  VramWindow window{function, pci::Bar::k0, file};
  InterruptHandler handler{file, window, {McAddress(0x80'0000'0000), McAddress(0x85'fe00'0000)}};
  const std::uint32_t write_pointer = test::address_of(osssys::IH_RB_WPTR);
  const std::uint32_t read_pointer = test::address_of(osssys::IH_RB_RPTR);
};

TEST_F(Handler, StartsAsTheReference) {
  // Events 92 to 115 of the trace: addresses and final values; and in IH_RB_CNTL bit 8, the
  // write-back of the write pointer.
  const std::map<std::uint32_t, std::uint32_t> expected = {
      {0x1121, 0x80000030}, {0x1122, 0}, {0x1120, 0xc0330121}, {0x1126, 0x43000},
      {0x1125, 0x80},       {0x1124, 0}, {0x1123, 0},          {0x1127, 0},
      {0x112d, 0x80000440}, {0x112e, 0}, {0x112c, 0xc0100221}, {0x1130, 0},
      {0x112f, 0},          {0x1133, 0}, {0x117a, 0x40000},    {0x1175, 8},
      {0x1191, 3}};
  EXPECT_EQ(function.values, expected);
}

TEST_F(Handler, NothingNewCostsOneRead) {
  const auto before = function.register_reads;
  EXPECT_TRUE(handler.drain().empty());
  EXPECT_EQ(function.register_reads, before + 1);
}

TEST_F(Handler, PendingReadsTheWritePointerInMemoryAndNoRegister) {
  const auto write_back = [&](std::uint32_t value) {
    std::memcpy(function.vram() + vram_layout::kInterruptWritePointer.value(), &value, 4);
  };
  const auto before = function.register_reads;
  EXPECT_FALSE(handler.pending()) << "whatever lay there was cleared";
  write_back(32);
  EXPECT_TRUE(handler.pending());
  EXPECT_EQ(function.register_reads, before);
  function.values[write_pointer] = 32;
  EXPECT_EQ(handler.drain().size(), 1u);
  EXPECT_FALSE(handler.pending());
  write_back(32 | 1);
  EXPECT_TRUE(handler.pending()) << "an overflow that came all the way round";
}

TEST_F(Handler, DrainsInOrderAcrossTheEnd) {
  const std::uint32_t start = kRing - 64;
  function.values[write_pointer] = start;
  put(0, fault_entry(0));
  handler.drain();
  for (std::uint32_t i = 0; i < 4; ++i) put(start + i * 32, fault_entry((i + 1) * 0x1000));
  function.values[write_pointer] = 64;
  const auto interrupts = handler.drain();
  ASSERT_EQ(interrupts.size(), 4u);
  for (std::uint32_t i = 0; i < 4; ++i)
    EXPECT_EQ(interrupts[i].address, GpuAddress((i + 1) * 0x1000));
  EXPECT_EQ(function.values[read_pointer], 64u);
  EXPECT_TRUE(handler.drain().empty());
  EXPECT_FALSE(handler.overflowed());
}

TEST_F(Handler, AfterAnOverflowTheRestIsThere) {
  function.values[write_pointer] = 0x100 | 1;  // rb_overflow
  const auto interrupts = handler.drain();
  EXPECT_EQ(interrupts.size(), kRing / 32 - 1);
  EXPECT_TRUE(handler.overflowed());
  EXPECT_EQ(function.values[0x1120] >> 31, 0u) << "the clear bit is taken back";
}

}  // namespace
}  // namespace redbolt::driver
