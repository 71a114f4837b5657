// Page tables as bits, walked the way the hardware walks them, from the tables in
// card/pte_bits_gfx11.csv and vm_levels.csv. Leaf values of the reference trace are compared as
// such.
#include "memory/page_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "memory/range_allocator.hpp"
#include "redbolt/driver/driver_error.hpp"

namespace redbolt::driver {
namespace {

constexpr std::uint64_t kKi = 1024, kMi = kKi * 1024, kGi = kMi * 1024;

struct Translation {
  std::uint64_t physical = 0;
  std::uint64_t leaf_size = 0;
  std::uint64_t entry = 0;
};

class PageTableTest : public testing::Test {
 protected:
  // The hardware's walk, written from the tables alone: nothing for a fault.
  std::optional<Translation> walk(std::uint64_t address) {
    std::uint64_t table = 0x0;
    for (int shift = 39; shift >= 12; shift -= 9) {
      const std::uint64_t entry = memory[table + (address >> shift & 511) * 8];
      if ((entry & 1) == 0) return std::nullopt;
      const std::uint64_t base = entry & 0x0000fffffffff000ull;
      if (shift == 12 || (entry >> 54 & 1) != 0) {
        const std::uint64_t size = 1ull << shift;
        return Translation{base + (address & (size - 1)), size, entry};
      }
      table = base;
    }
    return std::nullopt;
  }

  void write(VramOffset offset, std::span<const std::uint64_t> entries) {
    ++blocks;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      memory[offset.value() + i * 8] = entries[i];
    }
  }

  static constexpr PagePermissions kAll{true, true, true};
  std::map<std::uint64_t, std::uint64_t> memory;
  unsigned blocks = 0;
  RangeAllocator tables{32 * kMi, 8 * kMi};
  PageTable page_table{
      VramOffset(0), tables,
      [this](VramOffset offset, std::span<const std::uint64_t> e) { write(offset, e); }};
};

TEST_F(PageTableTest, LeafBitsAreThoseOfTheReferenceTrace) {
  // Events 4284 ff., 4858 and 27123 of the trace.
  EXPECT_EQ(pte::leaf(Aperture::system, 0x100fff000, kAll, 0, false), 0x3000100fff077u);
  EXPECT_EQ(pte::leaf(Aperture::video, 0x200b000, kAll, 0, false), 0x200b071u);
  EXPECT_EQ(pte::leaf(Aperture::video, 0x4800000, kAll, 11, true), 0x400000048005f1u);
  EXPECT_EQ(pte::table(VramOffset(0x2000000)), 0x2000001u);
}

TEST_F(PageTableTest, PermissionsAreIndependent) {
  EXPECT_EQ(pte::leaf(Aperture::video, 0x1000, {true, false, false}, 0, false), 0x1021u);
  EXPECT_EQ(pte::leaf(Aperture::video, 0x1000, {false, true, false}, 0, false), 0x1041u);
  EXPECT_EQ(pte::leaf(Aperture::video, 0x1000, {false, false, true}, 0, false), 0x1011u);
}

TEST_F(PageTableTest, TheRootStartsEmpty) {
  EXPECT_EQ(memory.size(), 512u);
  EXPECT_FALSE(walk(0));
  EXPECT_FALSE(walk(5 * kGi));
}

TEST_F(PageTableTest, LargestLeavesThatTheAlignmentAllows) {
  // 3 GiB that start 2 MiB before a 1 GiB boundary, on both sides.
  const PageTable::Piece piece{kGi - 2 * kMi, 3 * kGi};
  page_table.map(7 * kGi - 2 * kMi, {&piece, 1}, Aperture::video, kAll);
  EXPECT_EQ(walk(7 * kGi - 1)->leaf_size, 2 * kMi);
  EXPECT_EQ(walk(7 * kGi)->leaf_size, kGi);
  EXPECT_EQ(walk(8 * kGi + 12345)->leaf_size, kGi);
  EXPECT_EQ(walk(9 * kGi)->leaf_size, 2 * kMi);
  EXPECT_EQ(walk(8 * kGi + 12345)->physical, 2 * kGi + 12345);
  EXPECT_FALSE(walk(7 * kGi - 2 * kMi - 1));
  EXPECT_FALSE(walk(10 * kGi - 2 * kMi));
}

TEST_F(PageTableTest, MismatchedAlignmentFallsBackToSmallPages) {
  const PageTable::Piece piece{4 * kMi + 4 * kKi, 4 * kMi};
  page_table.map(0, {&piece, 1}, Aperture::video, kAll);
  EXPECT_EQ(walk(2 * kMi)->leaf_size, 4 * kKi);
  EXPECT_EQ(walk(2 * kMi + 5)->physical, 6 * kMi + 4 * kKi + 5);
}

// A fragment promises that the aligned block around the entry is contiguous and mapped alike.
TEST_F(PageTableTest, FragmentsNeverPromiseTooMuch) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    const std::uint64_t size = (1 + random() % 2000) * 4 * kKi;
    const std::uint64_t physical = random() % 4096 * 4 * kKi + 64 * kMi;
    const std::uint64_t address = random() % 4096 * 4 * kKi;
    const PageTable::Piece piece{physical, size};
    page_table.map(address, {&piece, 1}, Aperture::video, kAll);
    for (std::uint64_t at = address; at < address + size; at += 4 * kKi) {
      const auto here = walk(at);
      ASSERT_TRUE(here);
      ASSERT_EQ(here->physical, physical + (at - address));
      const std::uint64_t block = 4 * kKi << (here->entry >> 7 & 31);
      ASSERT_GE(block, here->leaf_size);
      const std::uint64_t start = at & ~(block - 1);
      ASSERT_GE(start, address);
      ASSERT_LE(start + block, address + size);
      ASSERT_EQ((physical + (start - address)) % block, 0u);
    }
    page_table.unmap(address, size);
    page_table.reclaim();
    ASSERT_FALSE(walk(address));
    ASSERT_FALSE(walk(address + size - 1));
  }
  EXPECT_EQ(tables.free_total(), 8 * kMi) << "every table came back";
}

TEST_F(PageTableTest, ScatteredHostPagesKeepTheirOrder) {
  std::vector<PageTable::Piece> pieces;
  for (std::uint64_t i = 0; i < 700; ++i) pieces.push_back({(i * 37 % 700 + 1) * 8 * kKi, 4 * kKi});
  page_table.map(kGi - 100 * 4 * kKi, pieces, Aperture::system, {});
  for (std::uint64_t i = 0; i < 700; ++i) {
    const auto found = walk(kGi - 100 * 4 * kKi + i * 4 * kKi);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->physical, pieces[i].physical);
    EXPECT_EQ(found->entry & 0x6u, 0x6u) << "system and snooped";
    EXPECT_EQ(found->entry >> 48 & 7, 3u) << "uncached";
  }
}

TEST_F(PageTableTest, EntriesAreWrittenInBlocks) {
  blocks = 0;
  const PageTable::Piece piece{2 * kGi, 20 * kGi};
  page_table.map(0, {&piece, 1}, Aperture::video, kAll);
  EXPECT_LE(blocks, 3u) << "20 GiB: one table of 1 GiB leaves, and the root";
  blocks = 0;
  const PageTable::Piece odd{64 * kMi + 4 * kKi, 16 * kMi};
  page_table.map(600 * kGi, {&odd, 1}, Aperture::video, kAll);
  EXPECT_LE(blocks, 12u) << "4096 entries in 9 tables";
}

TEST_F(PageTableTest, LowerTablesAreWrittenBeforeWhatPointsToThem) {
  std::vector<std::uint64_t> order;
  RangeAllocator more(64 * kMi, kMi);
  PageTable table(VramOffset(kMi), more, [&](VramOffset offset, std::span<const std::uint64_t>) {
    order.push_back(offset.value());
  });
  order.clear();
  const PageTable::Piece piece{4 * kKi, 4 * kKi};
  table.map(0, {&piece, 1}, Aperture::video, kAll);
  ASSERT_EQ(order.size(), 4u);
  EXPECT_EQ(order.back(), kMi) << "the root last";
}

TEST_F(PageTableTest, RunningOutOfTablesUndoesTheMapping) {
  RangeAllocator few(64 * kMi, 3 * 4 * kKi);
  PageTable table(VramOffset(0), few, [this](VramOffset offset, std::span<const std::uint64_t> e) {
    write(offset, e);
  });
  const PageTable::Piece piece{4 * kKi, 8 * kMi};
  EXPECT_THROW(table.map(0, {&piece, 1}, Aperture::video, kAll), DriverError);
  table.reclaim();
  EXPECT_FALSE(walk(0));
  EXPECT_EQ(few.free_total(), 3 * 4 * kKi);
}

TEST(RangeAllocator, GivesAlignedRangesAndJoinsThemAgain) {
  RangeAllocator allocator(0x1000, 0x10000);
  const auto a = allocator.allocate(0x1000, 0x1000);
  const auto b = allocator.allocate(0x4000, 0x4000);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(*b % 0x4000, 0u);
  EXPECT_FALSE(allocator.allocate(0x10000, 0x1000));
  allocator.free(*a, 0x1000);
  allocator.free(*b, 0x4000);
  EXPECT_EQ(allocator.free_total(), 0x10000u);
  EXPECT_EQ(allocator.largest_free(0x1000), 0x10000u);
  EXPECT_EQ(allocator.allocate(0x10000, 0x1000), 0x1000u);
  EXPECT_EQ(allocator.largest_free(0x1000), 0u);
}

TEST(RangeAllocator, RandomUseNeverOverlaps) {
  RangeAllocator allocator(0, 1 << 20);
  std::mt19937 random(5);
  std::map<std::uint64_t, std::uint64_t> held;
  for (int i = 0; i < 20000; ++i) {
    if (held.empty() || random() % 2 == 0) {
      const std::uint64_t size = 1 + random() % 5000, alignment = 1ull << random() % 13;
      const std::uint64_t largest = allocator.largest_free(alignment);
      const auto start = allocator.allocate(size, alignment);
      ASSERT_TRUE(start || largest < size + alignment);
      if (!start) continue;
      ASSERT_EQ(*start % alignment, 0u);
      const auto next = held.lower_bound(*start);
      ASSERT_TRUE(next == held.end() || *start + size <= next->first);
      ASSERT_TRUE(next == held.begin() ||
                  std::prev(next)->first + std::prev(next)->second <= *start);
      held[*start] = size;
    } else {
      const auto it = std::next(held.begin(), static_cast<std::ptrdiff_t>(random() % held.size()));
      allocator.free(it->first, it->second);
      held.erase(it);
    }
  }
  for (const auto& [start, size] : held) allocator.free(start, size);
  EXPECT_EQ(allocator.largest_free(1), 1u << 20);
}

}  // namespace
}  // namespace redbolt::driver
