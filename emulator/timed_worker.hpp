// The time that the card's microcontrollers take: one thread that runs tasks when they are due, in
// the order of their times. Mailboxes answer from here and never from the register access itself.
//
// Threads: after() and drop_all() from any thread, also from a task. Tasks run one at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace redbolt::emulator {

class TimedWorker {
 public:
  using Clock = std::chrono::steady_clock;
  using Task = std::function<void()>;

  // latency_scale multiplies every delay.
  explicit TimedWorker(double latency_scale);
  ~TimedWorker();
  TimedWorker(const TimedWorker&) = delete;
  TimedWorker& operator=(const TimedWorker&) = delete;

  // Runs the task once `delay` has passed. After stop() tasks are dropped.
  void after(Clock::duration delay, Task task);

  // Forgets every task that has not begun and waits for the one that runs (unless called by it).
  void drop_all();

  void stop();

 private:
  void run(std::unique_lock<std::mutex> lock);

  const double latency_scale_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::multimap<Clock::time_point, Task> tasks_;
  bool running_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace redbolt::emulator
