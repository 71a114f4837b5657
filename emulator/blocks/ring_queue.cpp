#include "blocks/ring_queue.hpp"

#include <algorithm>
#include <iterator>

namespace redbolt::emulator {
namespace {

// How many dwords a queue executes at most before it reports its read pointer.
constexpr std::uint64_t report_interval = 64;

thread_local bool is_queue_thread = false;

// Whether what stopped the queue has left waves on the card: halted ones do not drain.
bool leaves_waves(QueueErrorKind kind) {
  return kind == QueueErrorKind::wave_fault || kind == QueueErrorKind::illegal_instruction ||
         kind == QueueErrorKind::dispatch_refused;
}

}  // namespace

void RingQueue::Control::wait_begins() {
  const std::lock_guard lock(mutex_);
  if (drain_) throw QueueError(QueueErrorKind::aborted, "the queue was drained before a wait");
  waiting_ = true;
}

void RingQueue::Control::wait_ends() {
  const std::lock_guard lock(mutex_);
  waiting_ = false;
}

void RingQueue::Control::rest(std::chrono::nanoseconds duration) {
  std::unique_lock lock(mutex_);
  const bool ended = changed_.wait_for(lock, duration, [&] { return stop_.stop_requested(); });
  if (ended) throw QueueError(QueueErrorKind::aborted, "the queue was reset while it was held up");
}

void RingQueue::Control::hang() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stop_.stop_requested(); });
  throw QueueError(QueueErrorKind::aborted, "the queue was reset in a dispatch that hung");
}

RingQueue::RingQueue(const Factory& factory) {
  behaviour_ = factory(control_);
  thread_ = std::thread([this] { run(); });
}

RingQueue::~RingQueue() {
  abort();
  thread_.join();
}

void RingQueue::ring(std::uint64_t doorbell) {
  {
    const std::lock_guard lock(control_.mutex_);
    control_.doorbell_ = doorbell;
  }
  control_.changed_.notify_all();
}

void RingQueue::set_runnable(bool runnable) {
  {
    const std::lock_guard lock(control_.mutex_);
    control_.runnable_ = runnable;
  }
  control_.changed_.notify_all();
}

void RingQueue::drain() {
  bool in_a_wait = false;
  {
    const std::lock_guard lock(control_.mutex_);
    control_.drain_ = true;
    in_a_wait = control_.waiting_;
  }
  control_.changed_.notify_all();
  if (in_a_wait) control_.stop_.request_stop();
}

void RingQueue::abort() {
  control_.stop_.request_stop();
  // Taken once, so that a thread between its check and its wait is not missed.
  { const std::lock_guard lock(control_.mutex_); }
  control_.changed_.notify_all();
}

void RingQueue::await_end() {
  if (on_queue_thread()) return;
  std::unique_lock lock(control_.mutex_);
  control_.changed_.wait(lock, [&] { return control_.finished_; });
}

bool RingQueue::on_queue_thread() {
  return is_queue_thread;
}

bool RingQueue::ending() const {
  const std::lock_guard lock(control_.mutex_);
  return control_.finished_ || control_.drain_ || control_.stop_.stop_requested();
}

bool RingQueue::finished() const {
  const std::lock_guard lock(control_.mutex_);
  return control_.finished_;
}

bool RingQueue::busy() const {
  const std::lock_guard lock(control_.mutex_);
  return !control_.finished_ &&
         (control_.busy_ || control_.doorbell_.has_value() || !control_.halt_reason_.empty());
}

std::string RingQueue::halt_reason() const {
  const std::lock_guard lock(control_.mutex_);
  return control_.halt_reason_;
}

void RingQueue::run() {
  is_queue_thread = true;
  try {
    serve();
  } catch (const QueueError& error) {
    if (error.kind() != QueueErrorKind::aborted) hold(error);
  }
  behaviour_->disconnected(behaviour_->ring().position());
  {
    const std::lock_guard lock(control_.mutex_);
    control_.finished_ = true;
    control_.busy_ = false;
  }
  control_.changed_.notify_all();
}

void RingQueue::serve() {
  std::uint64_t doorbell = 0;
  while (wait_for_doorbell(doorbell)) process(doorbell);
}

bool RingQueue::wait_for_doorbell(std::uint64_t& doorbell) {
  std::unique_lock lock(control_.mutex_);
  control_.busy_ = false;
  const auto ended = [&] { return control_.drain_ || control_.stop_.stop_requested(); };
  control_.changed_.wait(
      lock, [&] { return ended() || (control_.runnable_ && control_.doorbell_.has_value()); });
  if (ended()) return false;
  doorbell = *control_.doorbell_;
  control_.doorbell_.reset();
  control_.busy_ = true;
  return true;
}

bool RingQueue::may_go_on() const {
  const std::lock_guard lock(control_.mutex_);
  return control_.runnable_ && !control_.drain_;
}

void RingQueue::process(std::uint64_t doorbell) {
  PacketStream& ring = behaviour_->ring();
  const std::uint64_t end = behaviour_->write_pointer(doorbell);
  if (end < ring.position() || end - ring.position() > ring.capacity()) {
    throw QueueError(QueueErrorKind::bad_ring,
                     "the write pointer " + std::to_string(end) +
                         " does not follow the read pointer " + std::to_string(ring.position()) +
                         " in a ring of " + std::to_string(ring.capacity()) + " dwords");
  }
  ring.set_end(end);
  std::uint64_t reported = ring.position();
  while (ring.available() != 0) {
    if (!may_go_on()) {
      // Halted in the middle: what is left is taken up when the engine runs again.
      const std::lock_guard lock(control_.mutex_);
      if (!control_.doorbell_) control_.doorbell_ = doorbell;
      break;
    }
    if (!behaviour_->step()) break;
    if (ring.position() - reported >= report_interval) {
      reported = ring.position();
      behaviour_->report(reported);
    }
  }
  behaviour_->report(ring.position());
}

void RingQueue::hold(const QueueError& error) {
  behaviour_->halted(error);
  std::unique_lock lock(control_.mutex_);
  control_.halt_reason_ = error.what();
  const bool holds_waves = leaves_waves(error.kind());
  control_.changed_.wait(
      lock, [&] { return control_.stop_.stop_requested() || (control_.drain_ && !holds_waves); });
}

std::shared_ptr<RingQueue> QueueKeeper::start(const RingQueue::Factory& factory) {
  return {new RingQueue(factory),
          [this](RingQueue* queue) { retire(std::unique_ptr<RingQueue>(queue)); }};
}

void QueueKeeper::clear() {
  if (RingQueue::on_queue_thread()) return;
  decltype(retired_) ending;
  const std::lock_guard lock(mutex_);
  ending.swap(retired_);
}

void QueueKeeper::retire(std::unique_ptr<RingQueue> queue) {
  if (!RingQueue::on_queue_thread()) return;
  queue->abort();
  // What has finished is not waited for. It is destroyed after the lock.
  decltype(retired_) finished;
  const std::lock_guard lock(mutex_);
  const auto first = std::partition(retired_.begin(), retired_.end(),
                                    [](const auto& old) { return !old->finished(); });
  std::move(first, retired_.end(), std::back_inserter(finished));
  retired_.erase(first, retired_.end());
  retired_.push_back(std::move(queue));
}

}  // namespace redbolt::emulator
