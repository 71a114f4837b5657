#include "redbolt/base/checked.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace redbolt {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

TEST(Checked, SumsAndProductsThatFitAreExact) {
  EXPECT_EQ(checked_add<std::uint64_t>(kMost - 1, 1), kMost);
  EXPECT_EQ(checked_multiply<std::uint64_t>(std::uint64_t{1} << 32, (std::uint64_t{1} << 32) - 1),
            kMost - (std::uint64_t{1} << 32) + 1);
  EXPECT_EQ(checked_multiply<std::uint64_t>(kMost, 0), 0U);
}

TEST(Checked, WhatDoesNotFitIsNothing) {
  EXPECT_FALSE(checked_add<std::uint64_t>(kMost, 1));
  EXPECT_FALSE(checked_multiply<std::uint64_t>(std::uint64_t{1} << 32, std::uint64_t{1} << 32));
  EXPECT_FALSE(checked_add<std::int32_t>(std::numeric_limits<std::int32_t>::max(), 1));
}

TEST(Checked, RangesAtTheEdge) {
  EXPECT_TRUE(range_fits(0, 0, 0));
  EXPECT_TRUE(range_fits(10, 0, 10));
  EXPECT_TRUE(range_fits(4, 6, 10));
  EXPECT_FALSE(range_fits(4, 7, 10));
  EXPECT_FALSE(range_fits(11, 0, 10));
  EXPECT_FALSE(range_fits(kMost, kMost, 10));  // the sum wraps to a small number
  EXPECT_FALSE(range_fits(8, kMost - 3, 10));
}

TEST(Checked, AligningUp) {
  EXPECT_EQ(checked_align_up(0, 4096), 0U);
  EXPECT_EQ(checked_align_up(1, 4096), 4096U);
  EXPECT_EQ(checked_align_up(4096, 4096), 4096U);
  EXPECT_FALSE(checked_align_up(kMost - 10, 4096));
}

}  // namespace
}  // namespace redbolt
