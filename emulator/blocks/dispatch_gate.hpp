// Lets one queue's dispatch at a time to the wave launcher. A queue that waits for its turn can be
// reset meanwhile: the dispatch before it may never end.
// Threads: any.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace redbolt::emulator {

class DispatchGate {
 public:
  // The turn of one queue, until it is destroyed.
  class Turn {
   public:
    explicit Turn(DispatchGate& gate) : gate_(&gate) {}
    Turn(Turn&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    DispatchGate* gate_;
  };

  // std::nullopt when a stop was requested before the turn came.
  std::optional<Turn> enter(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!left_.wait(lock, stop, [&] { return !taken_; })) return std::nullopt;
    taken_ = true;
    return Turn(*this);
  }

 private:
  void leave() {
    {
      const std::lock_guard lock(mutex_);
      taken_ = false;
    }
    left_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable_any left_;
  bool taken_ = false;
};

}  // namespace redbolt::emulator
