#include "timed_worker.hpp"

namespace redbolt::emulator {

TimedWorker::TimedWorker(double latency_scale)
    : latency_scale_(latency_scale), thread_([this] { run(std::unique_lock(mutex_)); }) {}

TimedWorker::~TimedWorker() {
  stop();
}

void TimedWorker::after(Clock::duration delay, Task task) {
  after_unscaled(std::chrono::duration_cast<Clock::duration>(delay * latency_scale_),
                 std::move(task));
}

void TimedWorker::after_unscaled(Clock::duration delay, Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    tasks_.emplace(Clock::now() + delay, std::move(task));
  }
  wake_.notify_one();
}

void TimedWorker::call(Task task) {
  if (std::this_thread::get_id() == thread_.get_id()) return task();
  std::unique_lock lock(mutex_);
  if (stopping_) return;
  urgent_.push_back(std::move(task));
  const std::uint64_t number = ++calls_begun_;
  wake_.notify_one();
  called_.wait(lock, [&] { return calls_done_ >= number || stopping_; });
}

void TimedWorker::drop_all() {
  const std::lock_guard lock(mutex_);
  tasks_.clear();
}

void TimedWorker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    tasks_.clear();
    urgent_.clear();
  }
  wake_.notify_one();
  called_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// Runs one task if one is due; the lock is released meanwhile.
bool TimedWorker::run_due_task(std::unique_lock<std::mutex>& lock) {
  Task task;
  const bool urgent = !urgent_.empty();
  if (urgent) {
    task = std::move(urgent_.front());
    urgent_.pop_front();
  } else if (!tasks_.empty() && tasks_.begin()->first <= Clock::now()) {
    task = std::move(tasks_.begin()->second);
    tasks_.erase(tasks_.begin());
  } else {
    return false;
  }
  lock.unlock();
  task();
  task = nullptr;  // what it holds goes outside of the lock
  lock.lock();
  if (urgent) {
    ++calls_done_;
    called_.notify_all();
  }
  return true;
}

void TimedWorker::run(std::unique_lock<std::mutex> lock) {
  while (!stopping_) {
    if (run_due_task(lock)) continue;
    if (stopping_) return;
    if (tasks_.empty()) {
      wake_.wait(lock);
    } else {
      const auto due = tasks_.begin()->first;
      wake_.wait_until(lock, due);
    }
  }
}

}  // namespace redbolt::emulator
