#include "queues/submission_ring.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <thread>

#include "redbolt/driver/driver_error.hpp"

namespace redbolt::driver {
namespace {

constexpr std::uint64_t kLow32 = 0xffffffff;

// How often a wait asks whether the card is still there: whatever it waits for, a card that is gone
// will not do it.
constexpr std::chrono::milliseconds kPresenceInterval{200};

// Polls `done` until it holds or `timeout` has passed: at once for what completes within
// microseconds, then in sleeps that cost no core.
template <class Condition>
bool poll(std::chrono::nanoseconds timeout, Condition done) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::microseconds kBusy{20};
  constexpr std::chrono::microseconds kLongestSleep{200};
  if (done()) return true;
  const auto start = Clock::now();
  std::chrono::microseconds sleep{10};
  while (true) {
    const auto passed = Clock::now() - start;
    if (done()) return true;
    if (passed >= timeout) return false;
    if (passed < kBusy) {
      std::this_thread::yield();
      continue;
    }
    std::this_thread::sleep_for(sleep);
    sleep = std::min(sleep * 2, kLongestSleep);
  }
}

}  // namespace

SubmissionRing::SubmissionRing(pci::PciFunction& function, MappedMemory ring, MappedMemory control,
                               Options options)
    : function_(function),
      ring_(ring),
      control_(control),
      options_(options),
      dwords_log2_(static_cast<unsigned>(std::countr_zero(ring.size.count() / 4))) {}

// The card writes these while the host reads them, so each access is one atomic load or store where
// the memory is mapped; through a bridge it is one transfer.
template <class T>
T SubmissionRing::load(Bytes at) const {
  if (std::byte* data = control_.memory->data()) {
    return std::atomic_ref<T>(*reinterpret_cast<T*>(data + at.count()))
        .load(std::memory_order_acquire);
  }
  T value{};
  control_.memory->read(at, std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

template <class T>
void SubmissionRing::store(Bytes at, T value) {
  if (std::byte* data = control_.memory->data()) {
    std::atomic_ref<T>(*reinterpret_cast<T*>(data + at.count()))
        .store(value, std::memory_order_release);
    return;
  }
  control_.memory->write(at, std::as_bytes(std::span(&value, 1)));
}

std::uint64_t SubmissionRing::free_dwords() const {
  const std::uint64_t size = std::uint64_t{1} << dwords_log2_;
  const std::uint64_t used = written_ - std::min(known_read_, written_);
  // One dword stays free: a full ring must not look like an empty one.
  return size - 1 - std::min(used, size - 1);
}

// The read pointer only grows, so that what it was last tells of room enough, mostly without a
// look.
bool SubmissionRing::has_room_for(std::size_t dwords) {
  if (free_dwords() >= dwords) return true;
  known_read_ = load<std::uint64_t>(kReadPointerAt) / static_cast<std::uint64_t>(options_.unit);
  return free_dwords() >= dwords;
}

void SubmissionRing::write_staged() {
  const std::span<const std::uint32_t> words(staged_);
  const std::uint64_t size = std::uint64_t{1} << dwords_log2_;
  const std::uint64_t at = (written_ - words.size()) & (size - 1);
  const std::size_t first = std::min<std::uint64_t>(words.size(), size - at);
  if (first != 0) ring_.memory->write(Bytes(at * 4), std::as_bytes(words.first(first)));
  if (first < words.size()) ring_.memory->write(Bytes(0), std::as_bytes(words.subspan(first)));
  staged_.clear();
}

template <class Condition>
bool SubmissionRing::wait_for(Condition done) {
  const auto deadline = std::chrono::steady_clock::now() + options_.timeout;
  while (!poll(std::min(kPresenceInterval, options_.timeout), done)) {
    if (!function_.is_present()) {
      throw DriverError(DriverErrorCode::link_lost, options_.name, "",
                        "the card at " + function_.name() + " no longer answers");
    }
    if (std::chrono::steady_clock::now() >= deadline) return false;
  }
  return true;
}

void SubmissionRing::put(std::span<const std::uint32_t> words) {
  if (words.empty()) return;
  if (words.size() > (std::uint64_t{1} << dwords_log2_) / 2) {
    throw DriverError(DriverErrorCode::invalid_argument, options_.name, "",
                      "a run of packets is larger than half the ring");
  }
  if (!has_room_for(words.size())) {
    ring_doorbell();
    if (!wait_for([&] { return has_room_for(words.size()); })) {
      throw DriverError(DriverErrorCode::timeout, options_.name, "",
                        "the ring stayed full for " + std::to_string(options_.timeout.count()) +
                            " ms: the card has stopped working through it");
    }
  }
  staged_.insert(staged_.end(), words.begin(), words.end());
  written_ += words.size();
}

void SubmissionRing::ring_doorbell() {
  if (published_ == written_) return;
  write_staged();
  published_ = written_;
  const std::uint64_t pointer = written_ * static_cast<std::uint64_t>(options_.unit);
  store<std::uint64_t>(kWritePointerAt, pointer);
  function_.write64(options_.doorbell_bar, pci::BarOffset(std::uint64_t{options_.doorbell} * 8),
                    pointer);
  function_.flush();
}

FenceValue SubmissionRing::begin() {
  std::uint64_t next = submitted_.load(std::memory_order_relaxed) + 1;
  if ((next & kLow32) == 0) {
    // The card compares 32 bits. Past the wrap an old value would look new, so nothing may be
    // waiting, and the location starts again from 0.
    if (quiesce_) quiesce_();
    drain();
    store<std::uint32_t>(kFenceAt, 0);
    submitted_.store(next, std::memory_order_release);
    ++next;
  }
  pending_fence_ = next;
  return FenceValue(next);
}

void SubmissionRing::commit() {
  submitted_.store(pending_fence_, std::memory_order_release);
  ring_doorbell();
}

FenceValue SubmissionRing::completed() const {
  const std::uint64_t submitted = submitted_.load(std::memory_order_acquire);
  const std::uint64_t low = load<std::uint32_t>(kFenceAt);
  std::uint64_t value = (submitted & ~kLow32) | low;
  if (value > submitted) value = value > kLow32 ? value - (kLow32 + 1) : 0;
  return FenceValue(value);
}

bool SubmissionRing::wait(FenceValue fence, std::chrono::nanoseconds timeout) const {
  return poll(timeout, [&] { return completed() >= fence; });
}

void SubmissionRing::drain() {
  const FenceValue last = submitted();
  if (wait_for([&] { return completed() >= last; })) return;
  throw DriverError(
      DriverErrorCode::timeout, options_.name, "",
      "submitted work is not complete after " + std::to_string(options_.timeout.count()) + " ms");
}

std::uint64_t SubmissionRing::position() const {
  return load<std::uint64_t>(kReadPointerAt);
}

void SubmissionRing::restart() {
  staged_.clear();
  written_ = 0;
  published_ = 0;
  known_read_ = 0;
  store<std::uint64_t>(kWritePointerAt, 0);
  store<std::uint64_t>(kReadPointerAt, 0);
  store<std::uint32_t>(kFenceAt, static_cast<std::uint32_t>(submitted().value()));
}

void SubmissionRing::start_at(FenceValue value) {
  submitted_.store(value.value(), std::memory_order_release);
  store<std::uint32_t>(kFenceAt, static_cast<std::uint32_t>(value.value()));
}

}  // namespace redbolt::driver
