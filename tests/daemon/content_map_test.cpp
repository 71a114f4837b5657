// Who wrote last where, against a map of single bytes over random histories.
#include "content_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace redbolt::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Range = ContentMap::Range;

TEST(ContentMap, NobodyKnowsWhatWasThereBefore) {
  ContentMap map(Bytes(100));
  EXPECT_THAT(map.claim(Bytes(10), Bytes(20), OwnerId(1)),
              ElementsAre(Range{Bytes(10), Bytes(20)}));
  EXPECT_THAT(map.claim(Bytes(10), Bytes(20), OwnerId(1)), IsEmpty());
}

TEST(ContentMap, OnlyWhatOthersWroteIsForeign) {
  ContentMap map(Bytes(100));
  map.claim(Bytes(0), Bytes(100), OwnerId(1));
  map.claim(Bytes(20), Bytes(10), OwnerId(2));
  map.claim(Bytes(50), Bytes(10), OwnerId(3));
  EXPECT_THAT(map.claim(Bytes(0), Bytes(100), OwnerId(2)),
              ElementsAre(Range{Bytes(0), Bytes(20)}, Range{Bytes(30), Bytes(70)}));
}

TEST(ContentMap, AgreesWithAMapOfBytes) {
  constexpr std::size_t size = 200;
  std::mt19937 random(5);
  for (int history = 0; history < 50; ++history) {
    ContentMap map{Bytes(size)};
    std::vector<std::uint64_t> owners(size, 0);
    for (int step = 0; step < 60; ++step) {
      const std::size_t start = random() % size;
      const std::size_t length = 1 + random() % (size - start);
      const std::uint64_t owner = 1 + random() % 3;
      std::vector<bool> foreign(size, false);
      Bytes end(0);
      for (const Range& range : map.claim(Bytes(start), Bytes(length), OwnerId(owner))) {
        EXPECT_GT(range.size, Bytes(0));
        EXPECT_TRUE(end == Bytes(0) || range.offset > end) << "not in order, or not joined";
        end = range.offset + range.size;
        for (std::uint64_t i = range.offset.count(); i < end.count(); ++i) foreign.at(i) = true;
      }
      for (std::size_t i = 0; i < size; ++i) {
        const bool is_inside = i >= start && i < start + length;
        ASSERT_EQ(foreign[i], is_inside && owners[i] != owner) << "byte " << i;
        if (is_inside) owners[i] = owner;
      }
    }
  }
}

}  // namespace
}  // namespace redbolt::daemon
