// When looks that cost a message are due: few, however slow the card; soon, when there is
// something.
#include "look_schedule.hpp"

#include <gtest/gtest.h>

namespace redbolt::daemon {
namespace {

using namespace std::chrono_literals;
using Duration = LookSchedule::Duration;

struct Looks {
  unsigned fences = 0;
  unsigned words = 0;
  Duration seen_after{};  // its end
};

// Follows work of a known length as the submission queue does.
Looks follow(LookSchedule& schedule, Duration length) {
  Looks looks;
  Duration fence = schedule.next_fence_look({});
  Duration words = schedule.next_words_look({});
  for (;;) {
    const Duration now = std::min(fence, words);
    if (now >= fence) {
      ++looks.fences;
      if (now >= length) {
        looks.seen_after = now - length;
        schedule.finished(now);
        return looks;
      }
      fence = schedule.next_fence_look(now);
      EXPECT_GT(fence, now);
    }
    if (now >= words) {
      ++looks.words;
      words = schedule.next_words_look(now);
      EXPECT_GT(words, now);
    }
  }
}

Looks follow_known(Duration length, std::size_t repeats) {
  LookSchedule schedule;
  Looks looks;
  for (int i = 0; i < 20; ++i) {
    schedule.begin("decode", repeats);
    looks = follow(schedule, length);
  }
  return looks;
}

TEST(LookSchedule, KnownWorkIsLookedAtAFewTimesHoweverLongItTakes) {
  for (const Duration length : {Duration(4ms), Duration(20ms), Duration(100ms), Duration(400ms)}) {
    const Looks looks = follow_known(length, 4);
    EXPECT_LE(looks.fences, 3u) << length.count();
    EXPECT_LE(looks.words, 2u) << length.count();
    EXPECT_LE(looks.seen_after, length / 5) << length.count();
  }
}

TEST(LookSchedule, WordsAreSeenAfterEverySecondRepeat) {
  const Looks looks = follow_known(80ms, 8);
  EXPECT_GE(looks.words, 3u);
  EXPECT_LE(looks.words, 4u);
}

TEST(LookSchedule, UnknownWorkIsSeenSoonAndLooksDoNotPileUp) {
  LookSchedule schedule;
  schedule.begin("first", 1);
  Looks looks = follow(schedule, 1ms);
  EXPECT_LE(looks.seen_after, 500us);
  schedule.begin("second", 1);
  looks = follow(schedule, 100ms);
  EXPECT_LE(looks.fences, 30u);
  EXPECT_LE(looks.seen_after, 25ms);
}

TEST(LookSchedule, OfCopiesNothingIsLearnt) {
  LookSchedule schedule;
  schedule.begin();
  follow(schedule, 300ms);
  schedule.begin();
  EXPECT_LE(follow(schedule, 1ms).seen_after, 500us) << "the next may be short";
}

TEST(LookSchedule, LearnsThatWorkHasBecomeFasterOrSlower) {
  LookSchedule schedule;
  const auto settle = [&](Duration length) {
    Looks looks;
    for (int i = 0; i < 60; ++i) {
      schedule.begin("decode", 4);
      looks = follow(schedule, length);
    }
    return looks;
  };
  settle(100ms);
  const Looks faster = settle(10ms);
  EXPECT_LE(faster.seen_after, 2ms);
  const Looks slower = settle(200ms);
  EXPECT_LE(slower.fences, 3u);
  EXPECT_LE(slower.seen_after, 40ms);
}

TEST(LookSchedule, RepeatsTakeAsLongAsBefore) {
  LookSchedule schedule;
  schedule.begin("decode", 2);
  follow(schedule, 20ms);
  schedule.begin("decode", 8);
  EXPECT_GT(schedule.next_fence_look({}), 60ms);
}

TEST(LookSchedule, NoLookIsFurtherAwayThanTheLongestPause) {
  LookSchedule schedule;
  schedule.begin("slow", 1);
  schedule.finished(60s);
  schedule.begin("slow", 1);
  EXPECT_EQ(schedule.next_fence_look({}), LookSchedule::longest_pause);
  EXPECT_EQ(schedule.next_words_look(90s), 90s + LookSchedule::longest_pause);
}

}  // namespace
}  // namespace redbolt::daemon
