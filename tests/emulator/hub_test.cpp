// Memory hubs: walks through page tables written by hand, the TLB, faults. Entry bits are those of
// card/pte_bits_gfx11.csv, register addresses those of card/registers_touched.csv.
#include "test_hub.hpp"

namespace redbolt::emulator::test {
namespace {

constexpr std::uint64_t kib4 = 4096, mib2 = 2u << 20, gib1 = 1u << 30;

class Hub : public ::testing::TestWithParam<MemoryHub::Kind> {
 protected:
  HubCard card_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Both, Hub,
                         ::testing::Values(MemoryHub::Kind::graphics, MemoryHub::Kind::multimedia),
                         [](const auto& info) {
                           return info.param == MemoryHub::Kind::graphics ? "graphics"
                                                                          : "multimedia";
                         });

TEST_P(Hub, WalksFourLevels) {
  card_.set_context(3, {.depth = 3, .root = 0x10000});
  card_.map(3, 0x10000, va(1, 2, 3, 4), 0x700000, rwx);
  const auto page = card_.translate(3, va(1, 2, 3, 4) + 0x123, Access::read);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->base, va(1, 2, 3, 4));
  EXPECT_EQ(page->size, kib4);
  EXPECT_EQ(page->host, card_.vram(0x700000));
  EXPECT_FALSE(page->system);
  EXPECT_EQ(card_.faults(), 0u);
}

TEST_P(Hub, WalksFewerLevels) {
  // Depth 2: the root covers 512 GiB; depth 1: 1 GiB and on; depth 0: a single table.
  card_.set_context(1, {.depth = 2, .root = 0x20000});
  card_.write_entry(0x20000, 5, 0x21000 | valid);
  card_.write_entry(0x21000, 6, 0x22000 | valid);
  card_.write_entry(0x22000, 7, 0x800000 | leaf);
  EXPECT_EQ(card_.host_of(1, 5 * gib1 + 6 * mib2 + 7 * kib4), card_.vram(0x800000));
  card_.set_context(2, {.depth = 1, .root = 0x21000});
  EXPECT_EQ(card_.host_of(2, 6 * mib2 + 7 * kib4), card_.vram(0x800000));
  card_.set_context(4, {.depth = 0, .root = 0x22000});
  EXPECT_EQ(card_.host_of(4, 7 * kib4 + 5), card_.vram(0x800005));
}

TEST_P(Hub, CountsFromTheStartOfItsRange) {
  // As the reference driver's context 0: START is 0x2000_0000_0000, and root entry 0 is for it.
  card_.set_context(5, {.depth = 3, .root = 0x10000, .first_page = 0x200000000});
  card_.map(5, 0x10000, 0, 0x900000, rwx);
  EXPECT_EQ(card_.host_of(5, 0x200000000000), card_.vram(0x900000));
  EXPECT_FALSE(card_.translate(5, 0, Access::read));
}

TEST_P(Hub, HugePages) {
  card_.set_context(1, {.depth = 3, .root = 0x10000});
  card_.write_entry(0x10000, 0, 0x11000 | valid);
  card_.write_entry(0x11000, 0, 0x12000 | valid);
  card_.write_entry(0x12000, 9, 0x1000000 | leaf | huge);
  auto page = card_.translate(1, 9 * mib2 + 0x12345, Access::write);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->base, 9 * mib2);
  EXPECT_EQ(page->size, mib2);
  EXPECT_EQ(page->host, card_.vram(0x1000000));
  // Not aligned in memory: drivers do this, and the card adds.
  card_.write_entry(0x12000, 10, 0x1003000 | leaf | huge);
  EXPECT_EQ(card_.host_of(1, 10 * mib2 + 0x12345), card_.vram(0x1003000 + 0x12345));
}

TEST_P(Hub, OneGibPageThatReachesBeyondVramAnswersWhereThereIsMemory) {
  card_.set_context(1, {.depth = 3, .root = 0x10000});
  card_.write_entry(0x10000, 0, 0x11000 | valid);
  card_.write_entry(0x11000, 1, 0 | leaf | huge);
  EXPECT_EQ(card_.host_of(1, gib1 + 0x5000), card_.vram(0x5000));
  EXPECT_FALSE(card_.translate(1, gib1 + (511u << 20), Access::read));  // 496 MiB of VRAM
}

TEST_P(Hub, AFragmentIsOneTlbEntry) {
  card_.set_context(1, {.depth = 3, .root = 0x10000});
  // 16 pages as one fragment (2^4 x 4 KiB).
  for (std::uint64_t i = 0; i < 16; ++i)
    card_.map(1, 0x10000, va(0, 0, 0, 32 + i), 0x700000 + i * kib4, rwx | 4u << 7);
  const auto page = card_.translate(1, va(0, 0, 0, 37) + 1, Access::read);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->base, va(0, 0, 0, 32));
  EXPECT_EQ(page->size, 16 * kib4);
  EXPECT_EQ(page->host, card_.vram(0x700000));
  const std::uint64_t misses = card_.card.counter("tlb_misses");
  EXPECT_EQ(card_.host_of(1, va(0, 0, 0, 47)), card_.vram(0x700000 + 15 * kib4));
  EXPECT_EQ(card_.card.counter("tlb_misses"), misses);
}

TEST_P(Hub, PermissionsAreThoseOfTheEntry) {
  card_.set_context(1, {.depth = 3, .root = 0x10000});
  card_.map(1, 0x10000, va(0, 0, 0, 1), 0x700000, readable);
  card_.map(1, 0x10000, va(0, 0, 0, 2), 0x701000, readable | writable);
  card_.map(1, 0x10000, va(0, 0, 0, 3), 0x702000, readable | executable);
  card_.map(1, 0x10000, va(0, 0, 0, 4), 0x703000, 0);
  struct Case {
    std::uint64_t page;
    bool read, write, atomic, execute;
  };
  for (const Case c : {Case{1, true, false, false, false},
                       {2, true, true, true, false},
                       {3, true, false, false, true},
                       {4, false, false, false, false}}) {
    const std::uint64_t at = va(0, 0, 0, c.page);
    EXPECT_EQ(card_.translate(1, at, Access::read).has_value(), c.read) << c.page;
    EXPECT_EQ(card_.translate(1, at, Access::write).has_value(), c.write) << c.page;
    EXPECT_EQ(card_.translate(1, at, Access::atomic).has_value(), c.atomic) << c.page;
    EXPECT_EQ(card_.translate(1, at, Access::execute).has_value(), c.execute) << c.page;
  }
}

TEST_P(Hub, SystemPagesNeedBusMastering) {
  card_.set_context(1, {.depth = 3, .root = 0x10000});
  auto memory = card_.card.function->allocate_host_memory(Bytes(2 * kib4), pci::Contiguity::any);
  card_.map(1, 0x10000, va(0, 0, 0, 1), memory->pages()[1].value(), rwx | system);
  EXPECT_FALSE(card_.translate(1, va(0, 0, 0, 1), Access::read));
  card_.card.enable_bus_master();
  const auto page = card_.translate(1, va(0, 0, 0, 1) + 8, Access::read);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->system);
  EXPECT_EQ(page->host, memory->data() + kib4);
  EXPECT_EQ(page->size, kib4);
  card_.card.set_config(4, 2, 3);
  EXPECT_FALSE(card_.translate(1, va(0, 0, 0, 1), Access::read));
}

TEST_P(Hub, FreedHostMemoryNoLongerAnswers) {
  card_.card.enable_bus_master();
  card_.set_context(1, {.depth = 3, .root = 0x10000});
  auto memory = card_.card.function->allocate_host_memory(Bytes(kib4), pci::Contiguity::any);
  card_.map(1, 0x10000, va(0, 0, 0, 1), memory->pages()[0].value(), rwx | system);
  EXPECT_TRUE(card_.translate(1, va(0, 0, 0, 1), Access::read));
  const std::uint64_t generation = card_.hub().generation();
  memory.reset();
  EXPECT_NE(card_.hub().generation(), generation);
  EXPECT_FALSE(card_.translate(1, va(0, 0, 0, 1), Access::read));
}

TEST_P(Hub, TablesMayLieInHostMemory) {
  card_.card.enable_bus_master();
  auto memory = card_.card.function->allocate_host_memory(Bytes(kib4), pci::Contiguity::any);
  const std::uint64_t entry = 0x800000 | leaf;
  memory->write(Bytes(3 * 8), std::as_bytes(std::span(&entry, 1)));
  card_.set_context(1, {.depth = 0, .root = memory->pages()[0].value() | system});
  EXPECT_EQ(card_.host_of(1, 3 * kib4), card_.vram(0x800000));
}

TEST_P(Hub, TheTlbKeepsWhatItFoundUntilItIsInvalidated) {
  card_.set_context(1, {.depth = 3, .root = 0x10000});
  card_.set_context(2, {.depth = 3, .root = 0x10000});
  card_.map(1, 0x10000, va(0, 0, 0, 1), 0x700000, rwx);
  EXPECT_EQ(card_.host_of(1, va(0, 0, 0, 1)), card_.vram(0x700000));
  EXPECT_EQ(card_.host_of(2, va(0, 0, 0, 1)), card_.vram(0x700000));
  card_.map(1, 0x10000, va(0, 0, 0, 1), 0x800000, rwx);
  EXPECT_EQ(card_.host_of(1, va(0, 0, 0, 1)), card_.vram(0x700000));  // stale
  const std::uint64_t generation = card_.hub().generation();
  card_.invalidate(17, 1u << 1);
  EXPECT_NE(card_.hub().generation(), generation);
  EXPECT_EQ(card_.host_of(1, va(0, 0, 0, 1)), card_.vram(0x800000));
  EXPECT_EQ(card_.host_of(2, va(0, 0, 0, 1)), card_.vram(0x700000));  // of another VMID
  card_.invalidate(0, 1u << 2);
  EXPECT_EQ(card_.host_of(2, va(0, 0, 0, 1)), card_.vram(0x800000));
}

TEST_P(Hub, AnInvalidEntryIsNotKept) {
  card_.set_context(1, {.depth = 3, .root = 0x10000});
  EXPECT_FALSE(card_.translate(1, va(0, 0, 0, 1), Access::read));
  card_.map(1, 0x10000, va(0, 0, 0, 1), 0x700000, rwx);
  EXPECT_TRUE(card_.translate(1, va(0, 0, 0, 1), Access::read));
}

TEST_P(Hub, InvalidationsMayNameARange) {
  card_.set_context(1, {.depth = 3, .root = 0x10000});
  for (std::uint64_t i = 0; i < 8; ++i)
    card_.map(1, 0x10000, va(0, 0, 0, i), 0x700000 + i * kib4, rwx);
  for (std::uint64_t i = 0; i < 8; ++i) card_.host_of(1, va(0, 0, 0, i));
  for (std::uint64_t i = 0; i < 8; ++i)
    card_.map(1, 0x10000, va(0, 0, 0, i), 0x900000 + i * kib4, rwx);
  card_.set_range(3, 4u << 1);  // S bit clear: page 4 alone
  card_.invalidate(3, 1u << 1);
  EXPECT_EQ(card_.host_of(1, va(0, 0, 0, 4)), card_.vram(0x904000));
  EXPECT_EQ(card_.host_of(1, va(0, 0, 0, 5)), card_.vram(0x705000));
  card_.set_range(3, 6u << 1 | 1);  // S bit, page number ...110: pages 6 and 7
  card_.invalidate(3, 1u << 1);
  EXPECT_EQ(card_.host_of(1, va(0, 0, 0, 7)), card_.vram(0x907000));
  EXPECT_EQ(card_.host_of(1, va(0, 0, 0, 5)), card_.vram(0x705000));
  card_.set_range(3, 0x1fffffffffull);  // all ones, as the reference driver writes: everything
  card_.invalidate(3, 1u << 1);
  EXPECT_EQ(card_.host_of(1, va(0, 0, 0, 5)), card_.vram(0x905000));
}

TEST_P(Hub, L2Cntl2InvalidatesEverything) {
  card_.set_context(1, {.depth = 3, .root = 0x10000});
  card_.map(1, 0x10000, va(0, 0, 0, 1), 0x700000, rwx);
  card_.host_of(1, va(0, 0, 0, 1));
  card_.map(1, 0x10000, va(0, 0, 0, 1), 0x800000, rwx);
  card_.card.write(card_.registers.l2_cntl2, 3);
  EXPECT_EQ(card_.host_of(1, va(0, 0, 0, 1)), card_.vram(0x800000));
}

TEST_P(Hub, TheInvalidationSemaphoreIsTakenByReading) {
  const std::uint32_t semaphore = card_.registers.sem + 17;
  EXPECT_EQ(card_.card.read(semaphore), 1u);
  EXPECT_EQ(card_.card.read(semaphore), 0u);  // somebody has it
  card_.card.write(semaphore, 0);
  EXPECT_EQ(card_.card.read(semaphore), 1u);
}

TEST_P(Hub, FaultsAreRecordedOnce) {
  card_.set_context(7, {.depth = 3, .root = 0x10000});
  const std::uint64_t at = va(1, 2, 3, 4) + 0x678;
  EXPECT_FALSE(card_.translate(7, at, Access::write, HubClient::sdma0));
  const std::uint32_t status = card_.card.read(card_.registers.fault_status);
  EXPECT_EQ(status & 1, 0u);              // MORE_FAULTS
  EXPECT_EQ(status >> 1 & 7, 4u);         // WALKER_ERROR: the upper directory
  EXPECT_EQ(status >> 4 & 0xf, 1u | 4u);  // PERMISSION_FAULTS: not valid, write
  EXPECT_EQ(status >> 8 & 1, 1u);         // MAPPING_ERROR
  EXPECT_EQ(status >> 9 & 0x1ff, 0x0cu);  // CID
  EXPECT_EQ(status >> 18 & 1, 1u);        // RW
  EXPECT_EQ(status >> 19 & 1, 0u);        // ATOMIC
  EXPECT_EQ(status >> 20 & 0xf, 7u);      // VMID
  EXPECT_EQ(card_.fault_page(), at >> 12);
  // The next one leaves the address and says so.
  EXPECT_FALSE(card_.translate(7, va(5, 5, 5, 5), Access::read));
  EXPECT_EQ(card_.card.read(card_.registers.fault_status), status | 1);
  EXPECT_EQ(card_.fault_page(), at >> 12);
  // The host cannot write it away ...
  card_.card.write(card_.registers.fault_status, 0);
  EXPECT_EQ(card_.card.read(card_.registers.fault_status), status | 1);
  // ... but clear it.
  card_.card.write(card_.registers.fault_cntl, 1);
  EXPECT_EQ(card_.card.read(card_.registers.fault_status), 0u);
  EXPECT_EQ(card_.card.read(card_.registers.fault_cntl), 0u);
  EXPECT_FALSE(card_.translate(7, va(5, 5, 5, 5), Access::read));
  EXPECT_EQ(card_.fault_page(), va(5, 5, 5, 5) >> 12);
}

TEST_P(Hub, EachKindOfFaultHasItsStatus) {
  card_.set_context(1, {.depth = 3, .root = 0x10000});
  card_.map(1, 0x10000, va(0, 0, 0, 1), 0x700000, readable);
  card_.map(1, 0x10000, va(0, 0, 0, 2), 0x701000, executable);
  card_.write_entry(0x10000, 8, 0x30000 | valid);
  card_.write_entry(0x30000, 8, 0x31000 | valid);
  card_.write_entry(0x31000, 8, 0x3000000000 | valid);  // a table where there is no memory
  struct Case {
    std::uint64_t address;
    Access access;
    std::uint32_t walker, permissions, mapping;
  };
  const Case cases[] = {
      {va(0, 0, 0, 3), Access::read, 0, 1 | 2, 0},        // an invalid leaf
      {va(0, 0, 3, 0), Access::read, 2, 1 | 2, 1},        // no table
      {va(0, 3, 0, 0), Access::execute, 3, 1 | 8, 1},     // no directory
      {va(3, 0, 0, 0), Access::atomic, 4, 1 | 2 | 4, 1},  // no upper directory
      {va(8, 8, 8, 0), Access::read, 6, 1 | 2, 1},        // nobody answers
      {va(0, 0, 0, 1), Access::write, 0, 4, 0},           // read-only
      {va(0, 0, 0, 1), Access::execute, 0, 8, 0},         // not executable
      {va(0, 0, 0, 2), Access::read, 0, 2, 0},            // execute-only
      {1ull << 48, Access::read, 1, 1 | 2, 1},            // beyond the range
  };
  for (const Case& c : cases) {
    card_.card.write(card_.registers.fault_cntl, 1);
    EXPECT_FALSE(card_.translate(1, c.address, c.access));
    const std::uint32_t status = card_.card.read(card_.registers.fault_status);
    EXPECT_EQ(status >> 1 & 7, c.walker) << std::hex << c.address;
    EXPECT_EQ(status >> 4 & 0xf, c.permissions) << std::hex << c.address;
    EXPECT_EQ(status >> 8 & 1, c.mapping) << std::hex << c.address;
  }
}

TEST_P(Hub, ADisabledContextMapsNothing) {
  card_.set_context(1, {.depth = 3, .root = 0x10000, .flags = 0});
  card_.map(1, 0x10000, va(0, 0, 0, 1), 0x700000, rwx);
  EXPECT_FALSE(card_.translate(1, va(0, 0, 0, 1), Access::read));
  card_.set_context(1, {.depth = 3, .root = 0x10000, .root_flags = 0});  // root entry not valid
  EXPECT_FALSE(card_.translate(1, va(0, 0, 0, 1), Access::read));
}

TEST_P(Hub, FaultsGoToTheDefaultPageWhereTheContextSaysSo) {
  constexpr std::uint32_t all_enables =
      0x1fffe00;  // as the reference driver: interrupts and defaults
  card_.set_context(1, {.depth = 3, .root = 0x10000, .flags = 1 | all_enables});
  card_.card.write(card_.registers.fault_default, 2);  // page 2
  const auto page = card_.translate(1, va(1, 2, 3, 4) + 5, Access::write);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->redirected);
  EXPECT_EQ(page->host, card_.vram(0x2000));
  EXPECT_EQ(page->base, va(1, 2, 3, 4));
  EXPECT_NE(card_.card.read(card_.registers.fault_status), 0u);
  EXPECT_EQ(card_.card.counter("page_faults"), 1u);
  EXPECT_EQ(card_.card.counter("interrupts"), 1u);
}

TEST_P(Hub, InterruptsAreRaisedOnlyWhereEnabled) {
  card_.set_context(1, {.depth = 3, .root = 0x10000});
  EXPECT_FALSE(card_.translate(1, va(1, 2, 3, 4), Access::read));
  EXPECT_EQ(card_.card.counter("interrupts"), 0u);
  card_.set_context(1, {.depth = 3, .root = 0x10000, .flags = 1 | 1u << 13});  // directories
  EXPECT_FALSE(card_.translate(1, va(1, 2, 3, 4), Access::read));
  EXPECT_EQ(card_.card.counter("interrupts"), 1u);
}

TEST_P(Hub, CopiesAcrossPagesInOrder) {
  card_.set_context(1, {.depth = 3, .root = 0x10000});
  card_.map(1, 0x10000, va(0, 0, 0, 1), 0x705000, rwx);
  card_.map(1, 0x10000, va(0, 0, 0, 2), 0x702000, rwx);
  std::vector<std::byte> data(5000), back(5000);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i * 3);
  EXPECT_TRUE(card_.hub().write(1, va(0, 0, 0, 1) + 100, data, HubClient::sdma0));
  EXPECT_TRUE(card_.hub().read(1, va(0, 0, 0, 1) + 100, back, HubClient::sdma0));
  EXPECT_EQ(back, data);
  EXPECT_EQ(card_.card.read_vram(0x705000 + 100, 10), std::vector(data.begin(), data.begin() + 10));
  EXPECT_EQ(card_.card.read_vram(0x702000, 10),
            std::vector(data.begin() + 3996, data.begin() + 4006));
  // Into a page that is not there: what came before is done.
  EXPECT_FALSE(card_.hub().write(1, va(0, 0, 0, 2), data, HubClient::sdma0));
  EXPECT_EQ(card_.card.read_vram(0x702000, 10), std::vector(data.begin(), data.begin() + 10));
}

TEST_P(Hub, VmidZeroSeesMcAddressesThroughTheSystemAperture) {
  // At power-on: every address is an MC address.
  EXPECT_EQ(card_.host_of(0, mc_base + 0x5000), card_.vram(0x5000));
  // As the driver sets it: aperture physical, the rest through context 0.
  card_.card.write(card_.registers.l1_tlb_cntl, 0x1859);
  card_.card.write(card_.registers.aperture_low, static_cast<std::uint32_t>(mc_base >> 18));
  card_.card.write(card_.registers.aperture_low + 1,
                   static_cast<std::uint32_t>((mc_base + (400u << 20)) >> 18));
  EXPECT_EQ(card_.host_of(0, mc_base + 0x5000), card_.vram(0x5000));
  EXPECT_FALSE(card_.translate(0, 0x1000, Access::read));
  card_.set_context(0, {.depth = 3, .root = 0x10000});
  card_.map(0, 0x10000, va(0, 0, 0, 1), 0x700000, rwx);
  EXPECT_EQ(card_.host_of(0, va(0, 0, 0, 1)), card_.vram(0x700000));
  // Other VMIDs have no aperture.
  EXPECT_FALSE(card_.translate(1, mc_base + 0x5000, Access::read));
}

TEST_P(Hub, ManyThreadsTranslateWhileOthersInvalidate) {
  card_.set_context(1, {.depth = 3, .root = 0x10000});
  for (std::uint64_t i = 0; i < 64; ++i)
    card_.map(1, 0x10000, va(0, 0, 0, i), 0x700000 + i * kib4, rwx);
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      for (std::uint64_t i = 0; !done; i = (i + 1) % 64) {
        if (card_.host_of(1, va(0, 0, 0, i)) != card_.vram(0x700000 + i * kib4)) ADD_FAILURE();
      }
    });
  }
  for (int i = 0; i < 50; ++i) card_.invalidate(17, 1u << 1);
  done = true;
  for (auto& reader : readers) reader.join();
}

}  // namespace
}  // namespace redbolt::emulator::test
