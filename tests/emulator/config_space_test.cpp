// Configuration space by the rules of PCI (offsets and bits from the PCI and PCI Express
// specifications).
#include "test_card.hpp"

namespace redbolt::emulator::test {
namespace {

constexpr std::uint32_t command = 0x04, bar0 = 0x10, bar2 = 0x18, bar5 = 0x24;
constexpr std::uint32_t memory_enable = 2, master_enable = 4;

// Offset of a capability in the list, 0 if it is not there.
std::uint32_t find_capability(TestCard& card, std::uint32_t id) {
  for (std::uint32_t at = card.config(0x34, 1); at != 0; at = card.config(at + 1, 1)) {
    if (card.config(at, 1) == id) return at;
  }
  return 0;
}

std::uint32_t find_extended_capability(TestCard& card, std::uint32_t id) {
  for (std::uint32_t at = 0x100; at != 0; at = card.config(at, 4) >> 20) {
    if ((card.config(at, 4) & 0xffff) == id) return at;
  }
  return 0;
}

TEST(ConfigSpace, IdentifiesTheCard) {
  TestCard card;
  EXPECT_EQ(card.config(0, 4), 0x744c1002u);
  EXPECT_EQ(card.config(8, 4) >> 8, 0x030000u);  // class: VGA controller
  EXPECT_EQ(card.config(0x2c, 2), 0x1002u);
  EXPECT_EQ(card.config(0x2e, 2), 0x0e3bu);
  EXPECT_TRUE(card.config(6, 2) & 0x10);  // has a list of capabilities
  // Reads of any width see the same bytes.
  EXPECT_EQ(card.config(0, 2), 0x1002u);
  EXPECT_EQ(card.config(2, 1), 0x4cu);
  card.set_config(0, 4, 0);
  EXPECT_EQ(card.config(0, 4), 0x744c1002u);
}

TEST(ConfigSpace, RevisionTellsTheBoardsApart) {
  CardOptions options = small_card();
  options.profile = Profile::rx7900xt;
  TestCard xt(options), xtx;
  EXPECT_NE(xt.config(8, 1), xtx.config(8, 1));
}

TEST(ConfigSpace, RejectsImpossibleAccesses) {
  TestCard card;
  EXPECT_THROW(card.config(1, 2), pci::PciError);
  EXPECT_THROW(card.config(0, 3), pci::PciError);
  EXPECT_THROW(card.config(4096, 4), pci::PciError);
  EXPECT_THROW(card.set_config(4094, 4, 0), pci::PciError);
}

TEST(ConfigSpace, BarsSizeThemselves) {
  TestCard card;
  card.set_config(command, 2, 0);
  for (const auto& [offset, size] :
       {std::pair{bar0, std::uint64_t{512} << 20}, {bar2, std::uint64_t{256} << 20}}) {
    const std::uint32_t low = card.config(offset, 4), high = card.config(offset + 4, 4);
    EXPECT_EQ(low & 0xf, 0xcu);  // 64-bit, prefetchable
    card.set_config(offset, 4, ~0u);
    card.set_config(offset + 4, 4, ~0u);
    const std::uint64_t mask = (card.config(offset, 4) & ~0xfu) |
                               static_cast<std::uint64_t>(card.config(offset + 4, 4)) << 32;
    EXPECT_EQ(~mask + 1, size);
    card.set_config(offset, 4, low);
    card.set_config(offset + 4, 4, high);
    EXPECT_EQ(card.config(offset, 4), low);
  }
  const std::uint32_t base = card.config(bar5, 4);
  EXPECT_EQ(base & 0xf, 0u);  // 32-bit
  card.set_config(bar5, 4, ~0u);
  EXPECT_EQ(~card.config(bar5, 4) + 1, 1u << 20);
  card.set_config(bar5, 4, base);
  EXPECT_EQ(card.function->bar(pci::Bar::k5).base.value(), base);
}

TEST(ConfigSpace, WithoutMemoryDecodingEverythingIsOnes) {
  TestCard card;
  card.write(0xc040, 0x1234);  // SCRATCH_REG0
  card.set_config(command, 2, card.config(command, 2) & ~memory_enable);
  EXPECT_EQ(card.read(0xc040), 0xffffffffu);
  EXPECT_EQ(card.function->read64(pci::Bar::k0, pci::BarOffset(0)), ~0ull);
  EXPECT_EQ(card.read_vram(0x1000, 3), std::vector<std::byte>(3, std::byte{0xff}));
  card.write(0xc040, 0x5678);
  card.set_config(command, 2, card.config(command, 2) | memory_enable);
  EXPECT_EQ(card.read(0xc040), 0x1234u);
}

TEST(ConfigSpace, InD3TheCardDoesNotAnswer) {
  TestCard card;
  const std::uint32_t power = find_capability(card, 0x01);
  ASSERT_NE(power, 0u);
  card.write(0xc040, 0x1234);
  card.set_config(power + 4, 2, 3);
  EXPECT_EQ(card.read(0xc040), 0xffffffffu);
  card.set_config(power + 4, 2, 0);
  EXPECT_EQ(card.read(0xc040), 0x1234u);
}

TEST(ConfigSpace, BusMasteringStartsOff) {
  TestCard card;
  EXPECT_FALSE(card.config(command, 2) & master_enable);
  card.enable_bus_master();
  EXPECT_TRUE(card.config(command, 2) & master_enable);
}

TEST(ConfigSpace, HasPcieAndLink) {
  TestCard card;
  const std::uint32_t pcie = find_capability(card, 0x10);
  ASSERT_NE(pcie, 0u);
  EXPECT_EQ(card.config(pcie + 2, 2) & 0xf, 2u);
  EXPECT_EQ(card.config(pcie + 0x0c, 4) & 0x3ff, 4u | 16u << 4);  // at most 16 GT/s, x16
  EXPECT_EQ(card.config(pcie + 0x12, 2) & 0x3ff, 4u | 16u << 4);  // and running so
  EXPECT_NE(find_capability(card, 0x05), 0u);
  EXPECT_NE(find_extended_capability(card, 0x01), 0u);
}

TEST(ConfigSpace, ResizableBarListsSizesAndResizes) {
  CardOptions options;  // 24 GiB
  options.bar0 = Bytes(256u << 20);
  TestCard card(options);
  const std::uint32_t rebar = find_extended_capability(card, 0x15);
  ASSERT_NE(rebar, 0u);
  // Bits 4 + n: 2^n MiB. From 256 MiB (n = 8) to 32 GiB (n = 15).
  EXPECT_EQ(card.config(rebar + 4, 4), 0xff000u);
  EXPECT_EQ(card.config(rebar + 8, 4) & 7, 0u);          // of BAR0
  EXPECT_EQ(card.config(rebar + 8, 4) >> 5 & 7, 2u);     // the first of two
  EXPECT_EQ(card.config(rebar + 8, 4) >> 8 & 0x3f, 8u);  // 256 MiB now
  EXPECT_EQ(card.function->bar(pci::Bar::k0).size, Bytes(256u << 20));
  EXPECT_EQ(card.function->resize_bar(pci::Bar::k0, Bytes{}).size, Bytes(32ull << 30));
  EXPECT_EQ(card.config(rebar + 8, 4) >> 8 & 0x3f, 15u);
  EXPECT_EQ(card.function->resize_bar(pci::Bar::k0, Bytes(1u << 30)).size, Bytes(1u << 30));
  EXPECT_THROW(card.function->resize_bar(pci::Bar::k0, Bytes(3u << 20)), pci::PciError);
  EXPECT_THROW(card.function->resize_bar(pci::Bar::k0, Bytes(64u << 20)), pci::PciError);
  EXPECT_THROW(card.function->resize_bar(pci::Bar::k5, Bytes{}), pci::PciError);
  EXPECT_EQ(card.function->bar(pci::Bar::k0).size, Bytes(1u << 30));
  EXPECT_TRUE(card.config(command, 2) & memory_enable);
}

TEST(ConfigSpace, ASizeIsNotTakenWhileMemoryIsDecoded) {
  TestCard card;
  const std::uint32_t rebar = find_extended_capability(card, 0x15);
  const std::uint32_t control = card.config(rebar + 8, 4);
  card.set_config(rebar + 8, 4, (control & ~0x3f00u) | 8u << 8);
  EXPECT_EQ(card.config(rebar + 8, 4), control);
  EXPECT_EQ(card.function->bar(pci::Bar::k0).size, Bytes(512u << 20));
}

TEST(ConfigSpace, ABarThatCannotGrowKeepsItsSize) {
  CardOptions options = small_card();
  options.bar0 = options.bar0_max = Bytes(256u << 20);
  TestCard card(options);
  EXPECT_EQ(card.function->resize_bar(pci::Bar::k0, Bytes{}).size, Bytes(256u << 20));
  EXPECT_THROW(card.function->resize_bar(pci::Bar::k0, Bytes(512u << 20)), pci::PciError);
}

TEST(Bars, OnlyThoseThatExistAnswer) {
  TestCard card;
  for (const pci::Bar absent : {pci::Bar::k1, pci::Bar::k3, pci::Bar::k4}) {
    EXPECT_THROW(card.function->read32(absent, pci::BarOffset(0)), pci::PciError);
    EXPECT_EQ(card.function->bar(absent).size, Bytes{});
  }
}

TEST(Bars, AccessesBeyondOrMisalignedAreErrors) {
  TestCard card;
  auto& function = *card.function;
  std::vector<std::byte> data(16);
  EXPECT_THROW(function.read32(pci::Bar::k5, pci::BarOffset(1u << 20)), pci::PciError);
  EXPECT_THROW(function.read32(pci::Bar::k5, pci::BarOffset(2)), pci::PciError);
  EXPECT_THROW(function.write64(pci::Bar::k0, pci::BarOffset(4), 0), pci::PciError);
  EXPECT_THROW(function.read_block(pci::Bar::k0, pci::BarOffset((512u << 20) - 8), data),
               pci::PciError);
  EXPECT_THROW(function.write_block(pci::Bar::k0, pci::BarOffset(~0ull - 3), data), pci::PciError);
  EXPECT_THROW(function.write_block(pci::Bar::k5, pci::BarOffset(0), std::span(data).first(3)),
               pci::PciError);
}

TEST(Bars, VramSmallerThanTheBarReadsOnesBehindItsEnd) {
  TestCard card;  // 512 MiB BAR, 496 MiB reported
  EXPECT_EQ(card.function->read32(pci::Bar::k0, pci::BarOffset(500u << 20)), 0xffffffffu);
  card.function->write32(pci::Bar::k0, pci::BarOffset(500u << 20), 1);
  EXPECT_EQ(card.function->read32(pci::Bar::k0, pci::BarOffset(500u << 20)), 0xffffffffu);
}

TEST(Bars, ASecondAttachmentFindsTheCardAsTheFirstLeftIt) {
  TestCard card;
  card.write(0xc047, 0xa0000008);
  card.write_vram64(0x100000, 42);
  card.function.reset();
  card.function = card.card.attach();
  EXPECT_EQ(card.read(0xc047), 0xa0000008u);
  EXPECT_EQ(card.function->read64(pci::Bar::k0, pci::BarOffset(0x100000)), 42u);
}

TEST(Bars, ABusResetKeepsVramAndClearsRegisters) {
  TestCard card;
  card.write(0xc047, 0xa0000008);
  card.write_vram64(0x100000, 42);
  card.function->reset();
  EXPECT_EQ(card.read(0xc047), 0u);
  EXPECT_EQ(card.function->read64(pci::Bar::k0, pci::BarOffset(0x100000)), 42u);
}

}  // namespace
}  // namespace redbolt::emulator::test
