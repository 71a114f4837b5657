#include "lease_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace redbolt::daemon {
namespace {

using testing::ElementsAre;

class LeaseQueueTest : public testing::Test {
 protected:
  LeaseId ask(const std::string& name) {
    return queue_.enqueue({1, 2, name}, [this, name] { told_.push_back(name); });
  }
  LeaseQueue queue_;
  std::vector<std::string> told_;
};

TEST_F(LeaseQueueTest, GrantsAtOnceWhenFree) {
  const LeaseId a = ask("a");
  EXPECT_TRUE(queue_.holds(a));
  EXPECT_EQ(queue_.holder()->claimant.command, "a");
  EXPECT_TRUE(told_.empty());
}

TEST_F(LeaseQueueTest, ServesInOrder) {
  const LeaseId a = ask("a"), b = ask("b"), c = ask("c");
  EXPECT_EQ(queue_.position(b), 1u);
  EXPECT_EQ(queue_.position(c), 2u);
  queue_.release(a);
  EXPECT_TRUE(queue_.holds(b));
  EXPECT_EQ(queue_.position(c), 1u);
  EXPECT_THAT(told_, ElementsAre("b", "c"));
  EXPECT_EQ(queue_.position(a), std::nullopt);
  queue_.release(b);
  EXPECT_TRUE(queue_.holds(c));
  queue_.release(c);
  EXPECT_FALSE(queue_.holder());
}

TEST_F(LeaseQueueTest, TellsOnlyThoseBehindOneWhoGivesUp) {
  ask("a");
  const LeaseId b = ask("b"), c = ask("c"), d = ask("d");
  queue_.release(c);
  EXPECT_THAT(told_, ElementsAre("d"));
  EXPECT_EQ(queue_.position(b), 1u);
  EXPECT_EQ(queue_.position(d), 2u);
}

TEST_F(LeaseQueueTest, ReportsHolderAndWaiting) {
  const LeaseId a = ask("a");
  const LeaseId b = ask("b");
  LeaseUsage usage;
  usage.arena = Bytes(100);
  usage.shared = Bytes(7);
  queue_.set_usage(a, usage);
  usage.arena = Bytes(999);
  queue_.set_usage(b, usage);  // does not hold it
  queue_.set_release_requested(b);
  EXPECT_EQ(queue_.holder()->lease, a);
  EXPECT_EQ(queue_.holder()->usage.arena, Bytes(100));
  EXPECT_EQ(queue_.holder()->usage.shared, Bytes(7));
  EXPECT_FALSE(queue_.holder()->release_requested);
  ASSERT_EQ(queue_.waiting().size(), 1u);
  EXPECT_EQ(queue_.waiting()[0].claimant.command, "b");
  EXPECT_EQ(queue_.waiting()[0].usage.arena, Bytes(0));
  queue_.set_release_requested(a);
  EXPECT_TRUE(queue_.holder()->release_requested);
}

TEST_F(LeaseQueueTest, LetsOneGoAheadOfThoseWhoWait) {
  const LeaseId a = ask("a"), b = ask("b"), c = ask("c");
  const LeaseId ahead = queue_.enqueue_next({1, 2, "ahead"}, [] {});
  EXPECT_THAT(told_, ElementsAre("b", "c"));
  EXPECT_TRUE(queue_.holds(a));
  EXPECT_EQ(queue_.position(ahead), 1u);
  EXPECT_EQ(queue_.position(b), 2u);
  queue_.release(a);
  EXPECT_TRUE(queue_.holds(ahead));
  queue_.release(ahead);
  EXPECT_TRUE(queue_.holds(b));
  EXPECT_EQ(queue_.position(c), 1u);
}

TEST_F(LeaseQueueTest, IgnoresWhoItDoesNotKnow) {
  const LeaseId a = ask("a");
  queue_.release(LeaseId(99));
  EXPECT_TRUE(queue_.holds(a));
}

}  // namespace
}  // namespace redbolt::daemon
