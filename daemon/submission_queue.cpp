#include "submission_queue.hpp"

#include <utility>

#include "daemon_error.hpp"
#include "printable.hpp"

namespace redbolt::daemon {
namespace {

// Well below what the driver's rings hold, so that putting work in never waits for room.
constexpr std::size_t max_entries_in_flight = 256;

// Without progress for so long, the card is asked whether something is wrong.
constexpr std::chrono::milliseconds fault_check_interval{200};

protocol::Error fault_error(const std::string& submission, const driver::Interrupt& interrupt) {
  protocol::Error error =
      make_error(protocol::ERROR_CODE_DEVICE_FAULT,
                 "the card stopped \"" + submission + "\": " + interrupt.describe() +
                     ". The card is reset; everything on it is lost");
  error.mutable_fault()->set_cause(driver::to_string(interrupt.kind));
  error.mutable_fault()->set_submission(printable(submission));
  if (interrupt.kind == driver::InterruptKind::memory_fault) {
    error.mutable_fault()->set_address(interrupt.address.value());
  }
  return error;
}

protocol::Error lost_error() {
  return make_error(protocol::ERROR_CODE_DEVICE_LOST, "the card no longer answers on the bus");
}

}  // namespace

SubmissionQueue::SubmissionQueue(Backend& backend, std::chrono::milliseconds hang_timeout)
    : backend_(backend), hang_timeout_(hang_timeout) {}

void SubmissionQueue::submit(FenceId fence, Work work) {
  waiting_.push_back(Entry{fence, std::move(work)});
  start_waiting(Clock::now());
}

std::optional<driver::FenceValue> SubmissionQueue::dependency(Engine engine) const {
  if (!last_started_ || last_started_->first == engine) return std::nullopt;
  if (backend_.completed(last_started_->first) >= last_started_->second) return std::nullopt;
  return last_started_->second;
}

void SubmissionQueue::start_waiting(Clock::time_point now) {
  while (!waiting_.empty()) {
    const std::size_t entries = waiting_.front().work.ring_entries;
    if (!in_flight_.empty() && entries_in_flight_ + entries > max_entries_in_flight) return;
    if (in_flight_.empty()) head_started(now);
    Entry entry = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(entry));
  }
}

void SubmissionQueue::start(Entry entry) {
  try {
    entry.value = entry.work.start(backend_, dependency(entry.work.engine));
    last_started_.emplace(entry.work.engine, entry.value);
  } catch (...) {
    // Answered in its turn, when what is before it has completed.
    entry.refusal = describe(std::current_exception());
    if (entry.refusal->code() != protocol::ERROR_CODE_INVALID_ARGUMENT) failure_ = entry.refusal;
  }
  entries_in_flight_ += entry.work.ring_entries;
  in_flight_.push_back(std::move(entry));
}

std::optional<protocol::Error> SubmissionQueue::poll(Clock::time_point now) {
  try {
    const auto compute = backend_.completed(Engine::compute);
    const auto copies = backend_.completed(Engine::copy);
    auto failure = failure_ ? failure_ : look_for_fault(now);
    if (!failure) {
      finish_completed(compute, copies, now);
      start_waiting(now);
      if (!in_flight_.empty() && now - head_since_ > hang_timeout_) failure = hang_error();
    }
    if (failure) abandon(*failure);
    return failure;
  } catch (...) {
    const protocol::Error error = describe(std::current_exception());
    abandon(error);
    return error;
  }
}

void SubmissionQueue::head_started(Clock::time_point now) {
  head_since_ = now;
  next_fault_check_ = now + fault_check_interval;
}

void SubmissionQueue::finish_completed(driver::FenceValue compute, driver::FenceValue copies,
                                       Clock::time_point now) {
  while (!in_flight_.empty()) {
    const Entry& head = in_flight_.front();
    const auto completed = head.work.engine == Engine::compute ? compute : copies;
    if (!head.refusal && completed < head.value) return;
    const Entry done = std::move(in_flight_.front());
    in_flight_.pop_front();
    entries_in_flight_ -= done.work.ring_entries;
    head_started(now);
    done.work.on_complete(done.fence, done.refusal ? &*done.refusal : nullptr);
  }
}

std::optional<protocol::Error> SubmissionQueue::look_for_fault(Clock::time_point now) {
  // Looking costs a read over the link, and what has gone wrong stands still.
  if (in_flight_.empty() || now < next_fault_check_) return std::nullopt;
  next_fault_check_ = now + fault_check_interval;
  if (!backend_.is_present()) return lost_error();
  if (!backend_.interrupts_pending()) return std::nullopt;
  for (const driver::Interrupt& interrupt : backend_.drain_interrupts()) {
    if (!interrupt.is_error()) continue;
    return fault_error(in_flight_.empty() ? "earlier work" : in_flight_.front().work.name,
                       interrupt);
  }
  return std::nullopt;
}

protocol::Error SubmissionQueue::hang_error() {
  const std::string& name = in_flight_.front().work.name;
  // A fault that raised no interrupt in time is still the better explanation.
  for (const driver::Interrupt& interrupt : backend_.drain_interrupts()) {
    if (interrupt.is_error()) return fault_error(name, interrupt);
  }
  protocol::Error error =
      make_error(protocol::ERROR_CODE_DEVICE_HANG,
                 "\"" + name + "\" did not end within " + std::to_string(hang_timeout_.count()) +
                     " ms and counts as hung. The card is reset; everything on it is lost");
  error.mutable_fault()->set_cause("hang");
  error.mutable_fault()->set_submission(printable(name));
  return error;
}

void SubmissionQueue::abandon(const protocol::Error& error) {
  auto lost = std::exchange(in_flight_, {});
  for (Entry& entry : std::exchange(waiting_, {})) lost.push_back(std::move(entry));
  entries_in_flight_ = 0;
  for (const Entry& entry : lost) entry.work.on_complete(entry.fence, &error);
}

SubmissionQueue::Clock::duration SubmissionQueue::head_age(Clock::time_point now) const {
  return in_flight_.empty() ? Clock::duration::zero() : now - head_since_;
}

}  // namespace redbolt::daemon
