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

}  // namespace redbolt::emulator
