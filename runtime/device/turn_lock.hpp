// A mutex that threads get in the order in which they asked for it: one that asks again and again,
// as an engine does that waits for the card, keeps no other out.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace redbolt::runtime {

class TurnLock {
 public:
  void lock() {
    std::unique_lock guard(mutex_);
    const std::uint64_t turn = next_++;
    changed_.wait(guard, [&] { return turn == current_; });
  }
  void unlock() {
    {
      const std::lock_guard guard(mutex_);
      ++current_;
    }
    changed_.notify_all();
  }
  // Who has it and who waits for it.
  std::uint64_t in_line() const {
    const std::lock_guard guard(mutex_);
    return next_ - current_;
  }

 private:
  mutable std::mutex mutex_;  // over the numbers; never held for longer than it takes to read them
  std::condition_variable changed_;
  std::uint64_t next_ = 0;     // the number that who comes next gets
  std::uint64_t current_ = 0;  // whose turn it is
};

}  // namespace redbolt::runtime
