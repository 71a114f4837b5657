#include "arena.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace redbolt::daemon {
namespace {

using namespace literals;

// The same promise kept the slow way: a byte per granule.
class ModelArena {
 public:
  explicit ModelArena(std::size_t granules) : taken_(granules, false) {}

  // Best fit: the start of the smallest gap in which an aligned place is found; among equals the
  // lowest.
  std::optional<std::size_t> take(std::size_t size, std::size_t alignment) {
    std::optional<std::size_t> best;
    std::size_t best_gap = 0;
    for (const auto& [start, length] : gaps()) {
      const std::size_t aligned = (start + alignment - 1) / alignment * alignment;
      if (aligned + size > start + length) continue;
      if (!best || length < best_gap) {
        best = aligned;
        best_gap = length;
      }
    }
    if (best) mark(*best, size, true);
    return best;
  }

  void give_back(std::size_t start, std::size_t size) { mark(start, size, false); }

  std::map<std::size_t, std::size_t> gaps() const {
    std::map<std::size_t, std::size_t> result;
    for (std::size_t i = 0; i < taken_.size();) {
      std::size_t end = i;
      while (end < taken_.size() && !taken_[end]) ++end;
      if (end > i) result[i] = end - i;
      i = std::max(end, i + 1);
    }
    return result;
  }

  std::size_t free() const {
    return static_cast<std::size_t>(std::count(taken_.begin(), taken_.end(), false));
  }

 private:
  void mark(std::size_t start, std::size_t size, bool value) {
    for (std::size_t i = start; i < start + size; ++i) {
      ASSERT_NE(taken_[i], value);
      taken_[i] = value;
    }
  }
  std::vector<bool> taken_;
};

TEST(Arena, GivesOutWhatItHasAndNoMore) {
  Arena arena(1000_B, 256_B);  // the last 232 bytes are no granule
  EXPECT_EQ(arena.size(), 768_B);
  auto a = arena.take(1_B, 1_B);
  auto b = arena.take(257_B, 1_B);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->size(), 256_B);
  EXPECT_EQ(b->offset(), 256_B);
  EXPECT_EQ(b->size(), 512_B);
  EXPECT_FALSE(arena.take(1_B, 1_B));
  EXPECT_EQ(arena.largest_free(), 0_B);
  EXPECT_EQ(arena.blocks(), 2u);
}

TEST(Arena, RefusesZeroAndWhatWouldWrap) {
  Arena arena(1_MiB, 256_B);
  EXPECT_FALSE(arena.take(0_B, 1_B));
  EXPECT_FALSE(arena.take(Bytes(~0ull), 1_B));
  EXPECT_FALSE(arena.take(Bytes(~0ull - 255), 1_B));
  EXPECT_FALSE(arena.take(1_MiB + 1_B, 1_B));
  EXPECT_TRUE(arena.take(1_MiB, 1_B));
}

TEST(Arena, JoinsNeighboursInAnyOrderOfFreeing) {
  std::vector<std::size_t> order{0, 1, 2, 3};
  do {
    Arena arena(4_KiB, 1_KiB);
    std::vector<std::optional<ArenaBlock>> blocks;
    for (int i = 0; i < 4; ++i) blocks.push_back(arena.take(1_KiB, 1_B));
    for (const std::size_t i : order) blocks[i].reset();
    EXPECT_EQ(arena.largest_free(), 4_KiB);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Arena, AgreesWithASimpleModelOverRandomHistories) {
  constexpr std::size_t granules = 300;
  constexpr std::size_t granule = 64;
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    Arena arena(Bytes(granules * granule), Bytes(granule));
    ModelArena model(granules);
    std::vector<ArenaBlock> blocks;
    for (int step = 0; step < 600; ++step) {
      if (blocks.empty() || random() % 5 < 3) {
        const std::size_t size = 1 + random() % 40;
        const std::size_t alignment = std::size_t{1} << (random() % 4);
        auto block =
            arena.take(Bytes(size * granule - random() % granule), Bytes(alignment * granule));
        const auto expected = model.take(size, alignment);
        ASSERT_EQ(block.has_value(), expected.has_value());
        if (!block) continue;
        ASSERT_EQ(block->offset().count(), *expected * granule);
        ASSERT_EQ(block->size().count(), size * granule);
        blocks.push_back(std::move(*block));
      } else {
        const std::size_t victim = random() % blocks.size();
        model.give_back(blocks[victim].offset().count() / granule,
                        blocks[victim].size().count() / granule);
        std::swap(blocks[victim], blocks.back());
        blocks.pop_back();
      }
      std::size_t largest = 0;
      for (const auto& [start, length] : model.gaps()) largest = std::max(largest, length);
      ASSERT_EQ(arena.free().count(), model.free() * granule);
      ASSERT_EQ(arena.largest_free().count(), largest * granule);
      ASSERT_EQ(arena.blocks(), blocks.size());
    }
    blocks.clear();
    EXPECT_EQ(arena.largest_free(), arena.size());
  }
}

}  // namespace
}  // namespace redbolt::daemon
