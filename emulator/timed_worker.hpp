// The time that the card's microcontrollers take: one thread that runs tasks when they are due, in
// the order of their times. Mailboxes answer from here and never from the register access itself.
//
// Threads: everything from any thread, also from a task. Tasks run one at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
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
  // The same, with a delay that is not scaled.
  void after_unscaled(Clock::duration delay, Task task);

  // Runs the task on the worker's thread before all others and returns when it is done. After
  // stop() the task is dropped.
  void call(Task task);

  // Forgets every task of after() that has not begun.
  void drop_all();

  void stop();

 private:
  void run(std::unique_lock<std::mutex> lock);
  bool run_due_task(std::unique_lock<std::mutex>& lock);

  const double latency_scale_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable called_;
  std::multimap<Clock::time_point, Task> tasks_;
  std::deque<Task> urgent_;
  std::uint64_t calls_begun_ = 0;
  std::uint64_t calls_done_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace redbolt::emulator
