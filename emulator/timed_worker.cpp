#include "timed_worker.hpp"

namespace redbolt::emulator {

TimedWorker::TimedWorker(double latency_scale)
    : latency_scale_(latency_scale), thread_([this] { run(std::unique_lock(mutex_)); }) {}

TimedWorker::~TimedWorker() {
  stop();
}

void TimedWorker::after(Clock::duration delay, Task task) {
  const auto scaled = std::chrono::duration_cast<Clock::duration>(delay * latency_scale_);
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    tasks_.emplace(Clock::now() + scaled, std::move(task));
  }
  wake_.notify_one();
}

void TimedWorker::drop_all() {
  std::unique_lock lock(mutex_);
  tasks_.clear();
  if (std::this_thread::get_id() == thread_.get_id()) return;
  idle_.wait(lock, [this] { return !running_; });
}

void TimedWorker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    tasks_.clear();
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void TimedWorker::run(std::unique_lock<std::mutex> lock) {
  while (!stopping_) {
    if (tasks_.empty()) {
      wake_.wait(lock);
      continue;
    }
    const auto next = tasks_.begin();
    if (next->first > Clock::now()) {
      wake_.wait_until(lock, next->first);
      continue;
    }
    const Task task = std::move(next->second);
    tasks_.erase(next);
    running_ = true;
    lock.unlock();
    task();
    lock.lock();
    running_ = false;
    idle_.notify_all();
  }
}

}  // namespace redbolt::emulator
