#include "blocks/host_data_path.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace redbolt::emulator {
namespace {

constexpr std::size_t buffer_bytes = 64 * 1024;
// Shorter than any controller takes to look at what the host has written for it.
constexpr std::chrono::microseconds longest_wait{100};

}  // namespace

HostDataPath::HostDataPath(VideoMemory& vram, bool strict, TimedWorker& worker,
                           CounterRegistry& counters)
    : vram_(vram),
      strict_(strict),
      worker_(worker),
      flushes_(counters.get("hdp_flushes")),
      refused_(counters.get("protected_vram_accesses")) {}

bool HostDataPath::touches_protected(VramOffset offset, std::size_t size) const {
  const std::uint64_t end = protected_end_.load(std::memory_order_acquire);
  return offset.value() < end &&
         offset.value() + size > protected_first_.load(std::memory_order_relaxed);
}

void HostDataPath::read(VramOffset offset, std::span<std::byte> into) {
  const std::uint64_t size = vram_.size().count();
  const std::uint64_t inside =
      offset.value() >= size ? 0 : std::min<std::uint64_t>(into.size(), size - offset.value());
  std::fill(into.begin() + static_cast<std::ptrdiff_t>(inside), into.end(), std::byte{0xff});
  if (touches_protected(offset, into.size())) {
    refused_.add();
    std::fill(into.begin(), into.end(), std::byte{0xff});
    return;
  }
  if (strict_) {
    const std::lock_guard lock(mutex_);
    drain(0);
  }
  vram_.read(offset, into.first(static_cast<std::size_t>(inside)));
}

void HostDataPath::write(VramOffset offset, std::span<const std::byte> from) {
  const std::uint64_t size = vram_.size().count();
  if (offset.value() >= size) return;
  from = from.first(
      static_cast<std::size_t>(std::min<std::uint64_t>(from.size(), size - offset.value())));
  if (touches_protected(offset, from.size())) {
    refused_.add();
    return;
  }
  if (!strict_) {
    vram_.write(offset, from);
    return;
  }
  const std::lock_guard lock(mutex_);
  waiting_.push_back({offset, {from.begin(), from.end()}});
  waiting_bytes_ += from.size();
  drain(buffer_bytes);
  if (std::exchange(drain_due_, true)) return;
  worker_.after(longest_wait, [this] {
    const std::lock_guard relock(mutex_);
    drain_due_ = false;
    drain(0);
  });
}

void HostDataPath::drain(std::size_t keep) {
  while (!waiting_.empty() && waiting_bytes_ > keep) {
    const Waiting& oldest = waiting_.front();
    vram_.write(oldest.offset, oldest.data);
    waiting_bytes_ -= oldest.data.size();
    waiting_.pop_front();
  }
}

void HostDataPath::flush() {
  flushes_.add();
  if (!strict_) return;
  const std::lock_guard lock(mutex_);
  drain(0);
}

void HostDataPath::drop() {
  const std::lock_guard lock(mutex_);
  waiting_.clear();
  waiting_bytes_ = 0;
  drain_due_ = false;
}

void HostDataPath::protect(VramOffset first, Bytes size) {
  protected_end_.store(0, std::memory_order_release);
  protected_first_.store(first.value(), std::memory_order_relaxed);
  protected_end_.store(size == Bytes{} ? 0 : first.value() + size.count(),
                       std::memory_order_release);
}

}  // namespace redbolt::emulator
