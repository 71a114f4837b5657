#include "packets/poll_loop.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "packets/queue_error.hpp"

namespace redbolt::emulator {

void PollLoop::pause() {
  constexpr std::uint64_t yields = 64;
  constexpr std::uint64_t longest_microseconds = 100;
  if (stop_.stop_requested())
    throw QueueError(QueueErrorKind::aborted, "the queue was reset while it waited");
  ++rounds_;
  if (rounds_ <= yields) {
    std::this_thread::yield();
    return;
  }
  const std::uint64_t step = std::min(longest_microseconds, (rounds_ - yields) * 2);
  std::this_thread::sleep_for(std::chrono::microseconds(step));
}

}  // namespace redbolt::emulator
