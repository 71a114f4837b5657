// Host memory on the bus, VRAM, and the host's data path to it.
#include <sys/mman.h>

#include <set>

#include "blocks/host_data_path.hpp"
#include "boot_sequence.hpp"
#include "memory/host_pages.hpp"
#include "memory/video_memory.hpp"

namespace redbolt::emulator::test {
namespace {

TEST(HostMemory, IsZeroedRoundedAndShared) {
  TestCard card;
  auto memory = card.function->allocate_host_memory(Bytes(5000), pci::Contiguity::any);
  EXPECT_EQ(memory->size(), Bytes(8192));
  EXPECT_EQ(memory->pages().size(), 2u);
  for (std::size_t i = 0; i < 8192; ++i) ASSERT_EQ(memory->data()[i], std::byte{0});
  // Another mapping of the descriptor is the same memory.
  void* const other =
      ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, memory->descriptor(), 0);
  ASSERT_NE(other, MAP_FAILED);
  static_cast<char*>(other)[4096] = 7;
  EXPECT_EQ(memory->data()[4096], std::byte{7});
  ::munmap(other, 8192);
}

TEST(HostMemory, AccessesBeyondItsEndAreErrors) {
  TestCard card;
  auto memory = card.function->allocate_host_memory(Bytes(4096), pci::Contiguity::any);
  std::vector<std::byte> data(16);
  EXPECT_THROW(memory->read(Bytes(4090), data), pci::PciError);
  EXPECT_THROW(memory->write(Bytes(~0ull - 3), data), pci::PciError);
  EXPECT_THROW(card.function->allocate_host_memory(Bytes(0), pci::Contiguity::any), pci::PciError);
  EXPECT_THROW(card.function->allocate_host_memory(Bytes(~0ull), pci::Contiguity::any),
               pci::PciError);
}

TEST(HostMemory, ContiguousPagesFollowEachOther) {
  CardOptions options = small_card();
  options.scatter_host_pages = true;
  TestCard card(options);
  auto memory = card.function->allocate_host_memory(Bytes(64 * 4096), pci::Contiguity::contiguous);
  const auto pages = memory->pages();
  for (std::size_t i = 1; i < pages.size(); ++i)
    EXPECT_EQ((pages[i] - pages[i - 1]).count(), 4096u);
}

TEST(HostMemory, ScatteredPagesDoNot) {
  CardOptions options = small_card();
  options.scatter_host_pages = true;
  TestCard card(options);
  auto memory = card.function->allocate_host_memory(Bytes(64 * 4096), pci::Contiguity::any);
  unsigned neighbours = 0;
  std::set<std::uint64_t> seen;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::uint64_t page = memory->pages()[i].value();
    EXPECT_EQ(page % 4096, 0u);
    EXPECT_TRUE(seen.insert(page).second);
    if (i > 0 && page == memory->pages()[i - 1].value() + 4096) ++neighbours;
  }
  EXPECT_LT(neighbours, 3u);
}

TEST(HostMemory, BusAddressesAreNeverReused) {
  HostPages pages(false, 1);
  pages.set_bus_mastering(true);
  auto first = pages.allocate(Bytes(4096), pci::Contiguity::any);
  const std::uint64_t address = first->pages()[0].value();
  std::byte* const data = first->data();
  EXPECT_EQ(pages.find_page(address + 100), data);
  const std::uint64_t generation = pages.generation();
  first.reset();
  EXPECT_EQ(pages.find_page(address), nullptr);
  EXPECT_NE(pages.generation(), generation);
  // An engine that still held the pointer writes into nothing.
  *data = std::byte{5};
  auto second = pages.allocate(Bytes(4096), pci::Contiguity::any);
  EXPECT_NE(second->pages()[0].value(), address);
  EXPECT_EQ(second->data()[0], std::byte{0});
}

TEST(HostMemory, OutlivesTheCardsTable) {
  auto pages = std::make_unique<HostPages>(false, 1);
  auto memory = pages->allocate(Bytes(4096), pci::Contiguity::any);
  pages.reset();
  memory->data()[0] = std::byte{1};
  EXPECT_EQ(memory->data()[0], std::byte{1});
}

TEST(HostMemory, NobodyFindsItWithoutBusMastering) {
  HostPages pages(false, 1);
  auto memory = pages.allocate(Bytes(4096), pci::Contiguity::any);
  EXPECT_EQ(pages.find_page(memory->pages()[0].value()), nullptr);
  pages.set_bus_mastering(true);
  EXPECT_EQ(pages.find_page(memory->pages()[0].value()), memory->data());
}

TEST(Vram, IsSparseAndBounded) {
  VideoMemory vram(Bytes(24ull << 30));
  std::uint64_t value = 42;
  EXPECT_TRUE(vram.write(VramOffset((24ull << 30) - 8), std::as_bytes(std::span(&value, 1))));
  EXPECT_FALSE(vram.write(VramOffset((24ull << 30) - 4), std::as_bytes(std::span(&value, 1))));
  EXPECT_FALSE(vram.write(VramOffset(~0ull), std::as_bytes(std::span(&value, 1))));
  value = 0;
  EXPECT_TRUE(
      vram.read(VramOffset((24ull << 30) - 8), std::as_writable_bytes(std::span(&value, 1))));
  EXPECT_EQ(value, 42u);
  vram.clear();
  EXPECT_TRUE(
      vram.read(VramOffset((24ull << 30) - 8), std::as_writable_bytes(std::span(&value, 1))));
  EXPECT_EQ(value, 0u);
}

TEST(Vram, HoldsNoiseWhereDriversPutTheirTables) {
  TestCard card;
  std::set<std::byte> values;
  for (const std::byte byte : card.read_vram(0, 4096)) values.insert(byte);
  EXPECT_GT(values.size(), 200u);
  // Another card, other noise.
  CardOptions options = small_card();
  options.seed = 2;
  TestCard other(options);
  EXPECT_NE(other.read_vram(0, 64), card.read_vram(0, 64));
}

class StrictHdp : public ::testing::Test {
 protected:
  std::uint64_t in_vram(std::uint64_t offset) {
    std::uint64_t value = 0;
    vram_.read(VramOffset(offset), std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  void write(std::uint64_t offset, std::uint64_t value) {
    hdp_.write(VramOffset(offset), std::as_bytes(std::span(&value, 1)));
  }
  CounterRegistry counters_;
  VideoMemory vram_{Bytes(1 << 20)};
  TimedWorker worker_{1e6};  // in this fixture time does not come to pass
  HostDataPath hdp_{vram_, true, worker_, counters_};
};

TEST_F(StrictHdp, WritesWaitForTheFlush) {
  write(64, 5);
  EXPECT_EQ(in_vram(64), 0u);
  hdp_.flush();
  EXPECT_EQ(in_vram(64), 5u);
}

TEST_F(StrictHdp, TheHostSeesItsOwnWrites) {
  write(64, 5);
  std::uint64_t value = 0;
  hdp_.read(VramOffset(64), std::as_writable_bytes(std::span(&value, 1)));
  EXPECT_EQ(value, 5u);
}

TEST_F(StrictHdp, TheBufferIsBoundedAndInOrder) {
  write(0, 1);
  write(0, 2);
  for (std::uint64_t i = 1; i < 20000; ++i) write(i * 8, i);
  EXPECT_EQ(in_vram(0), 2u);  // pushed out
  EXPECT_EQ(in_vram(19999 * 8), 0u);
  hdp_.drop();
  hdp_.flush();
  EXPECT_EQ(in_vram(19999 * 8), 0u);
}

TEST_F(StrictHdp, WritesDoNotWaitForEver) {
  TimedWorker prompt(1);
  HostDataPath hdp(vram_, true, prompt, counters_);
  const std::uint64_t value = 5;
  hdp.write(VramOffset(64), std::as_bytes(std::span(&value, 1)));
  EXPECT_TRUE(eventually([&] { return in_vram(64) == 5; }));
  prompt.stop();
}

}  // namespace
}  // namespace redbolt::emulator::test
