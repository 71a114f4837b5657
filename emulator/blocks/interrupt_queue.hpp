// Between the blocks that report interrupts and the interrupt handler that writes them to a ring:
// holds a bounded number of entries, so that a storm costs entries and not memory.
// Threads: any may raise(); one takes.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "blocks/interrupt_sink.hpp"
#include "counters.hpp"

namespace redbolt::emulator {

class InterruptQueue : public InterruptSink {
 public:
  static constexpr std::size_t capacity = 4096;

  explicit InterruptQueue(CounterRegistry& counters);

  // Dropped (and counted) when the queue is full, and when the thread that takes entries raises it:
  // a fault of the ring itself must not make more entries for that ring.
  void raise(const InterruptEntry& entry) override;

  // Waits for an entry. std::nullopt after close().
  std::optional<InterruptEntry> take();
  void close();
  void clear();

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<InterruptEntry> entries_;
  bool closed_ = false;
  std::thread::id taker_;
  Counter& raised_;
  Counter& dropped_;
};

}  // namespace redbolt::emulator
