#include "device/turn_lock.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

namespace redbolt::runtime {
namespace {

TEST(TurnLockTest, WhoAsksAgainWaitsBehindThoseWhoCameBefore) {
  TurnLock lock;
  std::vector<int> order;
  lock.lock();
  std::vector<std::thread> others;
  for (int other = 1; other <= 3; ++other) {
    others.emplace_back([&, other] {
      const std::lock_guard guard(lock);
      order.push_back(other);
    });
    while (lock.in_line() <= static_cast<std::uint64_t>(other)) std::this_thread::yield();
  }
  order.push_back(0);
  lock.unlock();
  lock.lock();
  order.push_back(4);
  lock.unlock();
  for (std::thread& other : others) other.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_EQ(lock.in_line(), 0U);
}

TEST(TurnLockTest, OnlyOneAtATimeHasIt) {
  TurnLock lock;
  std::uint64_t count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 2000; ++round) {
        const std::lock_guard guard(lock);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 8000U);
}

}  // namespace
}  // namespace redbolt::runtime
