#include "blocks/interrupt_queue.hpp"

namespace redbolt::emulator {

InterruptQueue::InterruptQueue(CounterRegistry& counters)
    : raised_(counters.get("interrupts")), dropped_(counters.get("interrupts_dropped")) {}

void InterruptQueue::raise(const InterruptEntry& entry) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || entries_.size() >= capacity || taker_ == std::this_thread::get_id()) {
      dropped_.add();
      return;
    }
    entries_.push_back(entry);
  }
  raised_.add();
  arrived_.notify_one();
}

std::optional<InterruptEntry> InterruptQueue::take() {
  std::unique_lock lock(mutex_);
  taker_ = std::this_thread::get_id();
  arrived_.wait(lock, [&] { return closed_ || !entries_.empty(); });
  if (closed_) return std::nullopt;
  const InterruptEntry entry = entries_.front();
  entries_.pop_front();
  return entry;
}

void InterruptQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  arrived_.notify_all();
}

void InterruptQueue::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
}

}  // namespace redbolt::emulator
