// What engines on one card know of each other, without a card.
#include "redbolt/llm/engine/card_share.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace redbolt::llm {
namespace {

using Seat = CardShare::Seat;

TEST(CardShare, WhoIsAloneHasNoOthers) {
  Seat seat(nullptr, "a");
  seat.set_busy(true);
  EXPECT_FALSE(seat.has_others());
  EXPECT_FALSE(seat.others_busy());
  EXPECT_FALSE(seat.loss());
  const CardShare::Speed speed = seat.report_speed(12.5, CardShare::Clock::now());
  EXPECT_EQ(speed.tokens_per_second, 12.5);
  EXPECT_EQ(speed.models, "a");
}

TEST(CardShare, OnesOwnWorkIsNotThatOfOthers) {
  const auto share = std::make_shared<CardShare>();
  Seat one(share, "one");
  EXPECT_FALSE(one.has_others());
  {
    Seat other(share, "other");
    EXPECT_TRUE(one.has_others());
    one.set_busy(true);
    one.set_busy(true);
    EXPECT_FALSE(one.others_busy());
    EXPECT_TRUE(other.others_busy());
    other.set_busy(true);
    EXPECT_TRUE(one.others_busy());
    one.set_busy(false);
    EXPECT_TRUE(one.others_busy());
    EXPECT_FALSE(other.others_busy());
  }
  // Who leaves in the middle of work has none any more.
  EXPECT_FALSE(one.others_busy());
  EXPECT_FALSE(one.has_others());
}

TEST(CardShare, ALossIsEverybodysAndTheFirstReasonCounts) {
  const auto share = std::make_shared<CardShare>();
  const Seat one(share, "one"), other(share, "other");
  EXPECT_FALSE(one.loss());
  share->lose("the cable");
  share->lose("something that followed from it");
  EXPECT_EQ(one.loss(), "the cable");
  EXPECT_EQ(other.loss(), "the cable");
}

TEST(CardShare, SpeedsAreAddedAsLongAsTheyAreNew) {
  const auto share = std::make_shared<CardShare>();
  Seat one(share, "one"), unnamed(share, ""), other(share, "other");
  const CardShare::Clock::time_point start(std::chrono::hours(1));
  EXPECT_EQ(one.report_speed(10, start).tokens_per_second, 10);
  const CardShare::Speed both = other.report_speed(5, start + std::chrono::seconds(1));
  EXPECT_EQ(both.tokens_per_second, 15);
  EXPECT_EQ(both.models, "one, other");
  EXPECT_EQ(other.report_speed(6, start + std::chrono::seconds(10)).tokens_per_second, 6);
}

}  // namespace
}  // namespace redbolt::llm
