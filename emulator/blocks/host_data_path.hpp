// HDP: the way of the host's accesses to VRAM (BAR0, MM_INDEX/MM_DATA).
//
// Coherent (the default) or strict: strict keeps the host's writes back until a flush, a read by
// the host, until too many are waiting, or until some time has passed, as the hardware's write
// buffer may; a driver that rings a doorbell without a flush before it then fails here.
//
// The security processor takes its region (TMR) away from the host: reads there are all ones and
// writes are lost.
//
// Threads: any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <vector>

#include "counters.hpp"
#include "memory/video_memory.hpp"
#include "timed_worker.hpp"

namespace redbolt::emulator {

class HostDataPath {
 public:
  HostDataPath(VideoMemory& vram, bool strict, TimedWorker& worker, CounterRegistry& counters);

  // Bytes beyond VRAM read as ones and are not written.
  void read(VramOffset offset, std::span<std::byte> into);
  void write(VramOffset offset, std::span<const std::byte> from);
  void flush();
  // Forgets what waits to be written (reset).
  void drop();

  // The region the host may not touch; size 0 lifts it.
  void protect(VramOffset first, Bytes size);

 private:
  struct Waiting {
    VramOffset offset;
    std::vector<std::byte> data;
  };
  bool touches_protected(VramOffset offset, std::size_t size) const;
  void drain(std::size_t keep);

  VideoMemory& vram_;
  const bool strict_;
  TimedWorker& worker_;
  std::mutex mutex_;  // guards what waits
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool drain_due_ = false;  // the worker will drain
  std::atomic<std::uint64_t> protected_first_{0};
  std::atomic<std::uint64_t> protected_end_{0};
  Counter& flushes_;
  Counter& refused_;
};

}  // namespace redbolt::emulator
