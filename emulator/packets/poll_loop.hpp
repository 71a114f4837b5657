// A wait for something that nobody announces: a plain store to memory, a register. Spins briefly,
// then sleeps in short steps, so that an answer within microseconds is seen within microseconds and
// a long wait costs next to nothing.
#pragma once

#include <cstdint>
#include <stop_token>

namespace redbolt::emulator {

class PollLoop {
 public:
  explicit PollLoop(std::stop_token stop) : stop_(std::move(stop)) {}

  // Waits a little, longer each time up to 100 microseconds. Throws QueueError(aborted) once a stop
  // has been requested.
  void pause();
  std::uint64_t rounds() const { return rounds_; }

 private:
  std::stop_token stop_;
  std::uint64_t rounds_ = 0;
};

// Waits until `condition` holds, and tells the host (Pm4Host) if that takes a while.
template <class Host, class Condition>
void wait_until(Host& host, const std::stop_token& stop, Condition condition) {
  if (condition()) return;
  host.wait_begins();
  for (PollLoop loop(stop); !condition();) loop.pause();
  host.wait_ends();
}

}  // namespace redbolt::emulator
