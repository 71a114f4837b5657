#include "submission_queue.hpp"

#include <algorithm>
#include <utility>

#include "daemon_error.hpp"
#include "printable.hpp"

namespace redbolt::daemon {
namespace {

// Well below what the driver's rings hold, so that putting work in never waits for room.
constexpr std::size_t max_entries_in_flight = 256;

// Work that takes longer is looked at, as often as this; less often where that costs messages.
constexpr std::chrono::milliseconds frequent_checks{200};
constexpr std::chrono::milliseconds rare_checks{400};

constexpr const char* what_is_lost =
    ". What the client had on the card is given up; the card is being recovered";

std::string in_kernel(const std::string& kernel) {
  return kernel.empty() ? "" : " in kernel " + kernel;
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
  if (in_flight_.empty()) return std::nullopt;  // it has been seen to be complete
  // Where it costs a message to find out, the card waits for nothing instead.
  if (!backend_.looks_cost_messages() &&
      backend_.completed(last_started_->first) >= last_started_->second) {
    return std::nullopt;
  }
  return last_started_->second;
}

void SubmissionQueue::start_waiting(Clock::time_point now) {
  while (!waiting_.empty()) {
    const std::size_t entries = waiting_.front().work.ring_entries;
    if (!in_flight_.empty() && entries_in_flight_ + entries > max_entries_in_flight) return;
    const bool is_head = in_flight_.empty();
    Entry entry = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(entry));
    if (is_head) head_started(now);
  }
}

void SubmissionQueue::start(Entry entry) {
  try {
    if (entry.work.mirrored) entry.work.mirrored->before_start(mirrored_work_in_flight());
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
    auto failure = failure_;
    if (!failure) failure = follow_fences(now);
    if (!failure) {
      start_waiting(now);
      follow_words(now);
      failure = check(now);
    }
    if (failure) abandon(*failure);
    return failure;
  } catch (...) {
    const protocol::Error error = describe(std::current_exception());
    abandon(error);
    return error;
  }
}

std::optional<protocol::Error> SubmissionQueue::follow_fences(Clock::time_point now) {
  if (in_flight_.empty()) return std::nullopt;
  if (backend_.looks_cost_messages()) {
    if (now < next_fence_look_ && !in_flight_.front().refusal) return std::nullopt;
    next_fence_look_ = head_since_ + schedule_.next_fence_look(now - head_since_);
  }
  const Completed completed = look();
  if (!head_is_complete(completed)) return std::nullopt;
  // Before anything counts as done, what the card has reported until then.
  if (auto fault = reported_fault()) return fault;
  finish_completed(completed, now);
  return std::nullopt;
}

SubmissionQueue::Completed SubmissionQueue::look() const {
  const Engine engine = in_flight_.front().work.engine;
  const bool both = !backend_.looks_cost_messages();
  Completed completed;
  if (both || engine == Engine::compute) completed.compute = backend_.completed(Engine::compute);
  if (both || engine == Engine::copy) completed.copies = backend_.completed(Engine::copy);
  return completed;
}

// How long to sleep before the next look. Where looks are free, a quarter of the time for which the
// oldest work has been on the card, so that what is short is noticed soon and what is long costs
// nothing.
SubmissionQueue::Clock::duration SubmissionQueue::pause(Clock::time_point now) const {
  using namespace std::chrono_literals;
  constexpr Clock::duration shortest = 20us;
  if (in_flight_.empty() || in_flight_.front().refusal || failure_) return shortest;
  if (!backend_.looks_cost_messages())
    return std::clamp<Clock::duration>((now - head_since_) / 4, shortest, 500us);
  auto next = std::min(next_fence_look_, next_check_);
  if (in_flight_.front().work.mirrored) next = std::min(next, next_words_look_);
  return std::max(next - now, shortest);
}

// Its age counts from here: before, the card was busy with others.
void SubmissionQueue::head_started(Clock::time_point now) {
  head_since_ = now;
  last_progress_at_ = now;
  next_check_ = now + check_interval();
  next_fence_look_ = now;
  next_words_look_ = now;
  if (in_flight_.empty()) return;
  const Work& work = in_flight_.front().work;
  if (work.engine == Engine::compute) {
    schedule_.begin(work.name, work.ring_entries);
  } else {
    schedule_.begin();  // copies differ in size
  }
  next_fence_look_ = now + schedule_.next_fence_look({});
  next_words_look_ = now + schedule_.next_words_look({});
}

std::chrono::milliseconds SubmissionQueue::check_interval() const {
  return backend_.looks_cost_messages() ? rare_checks : frequent_checks;
}

bool SubmissionQueue::mirrored_work_in_flight() const {
  const auto is_mirrored = [](const Entry& entry) { return entry.work.mirrored != nullptr; };
  return std::ranges::any_of(in_flight_, is_mirrored);
}

// Words that a kernel releases while it runs: its submission may take long.
void SubmissionQueue::follow_words(Clock::time_point now) {
  if (in_flight_.empty() || now < next_words_look_) return;
  const Entry& head = in_flight_.front();
  if (!head.work.mirrored || head.refusal) return;
  head.work.mirrored->while_running();
  next_words_look_ = head_since_ + schedule_.next_words_look(now - head_since_);
}

bool SubmissionQueue::head_is_complete(const Completed& completed) const {
  if (in_flight_.empty()) return false;
  const Entry& head = in_flight_.front();
  const auto& fence = completed.of(head.work.engine);
  return head.refusal || (fence && *fence >= head.value);
}

void SubmissionQueue::finish_completed(const Completed& completed, Clock::time_point now) {
  while (head_is_complete(completed)) {
    const Entry& head = in_flight_.front();
    if (head.work.mirrored && !head.refusal) head.work.mirrored->when_complete();
    const Entry done = std::move(in_flight_.front());
    in_flight_.pop_front();
    entries_in_flight_ -= done.work.ring_entries;
    if (!done.refusal) schedule_.finished(now - head_since_);
    head_started(now);
    done.work.on_complete(done.fence, done.refusal ? &*done.refusal : nullptr);
  }
}

// A wave that met a fault may go on after it, so that its submission ends as if all were well: what
// the card has reported by then is the submission's. Four bytes of video memory are read for that.
std::optional<protocol::Error> SubmissionQueue::reported_fault() {
  if (!backend_.interrupts_pending()) return std::nullopt;
  for (const driver::Interrupt& interrupt : backend_.drain_interrupts()) {
    if (interrupt.is_error()) return fault_error(interrupt);
  }
  return std::nullopt;
}

// Work that takes long: whether the card is there, has reported something, or stands still. All of
// that costs reads over the link, and is done only now and then.
std::optional<protocol::Error> SubmissionQueue::check(Clock::time_point now) {
  if (in_flight_.empty() || now < next_check_) return std::nullopt;
  next_check_ = now + check_interval();
  if (!backend_.is_present()) return lost_error();
  if (auto fault = reported_fault()) return fault;
  if (has_progressed()) last_progress_at_ = now;
  const auto hung_at = last_progress_at_ + hang_timeout_;
  if (now > hung_at) return hang_error();
  next_check_ = std::min(next_check_, hung_at + std::chrono::milliseconds(1));
  return std::nullopt;
}

// Since the last time. The mark moves most; if it does, the rest is not looked at.
bool SubmissionQueue::has_progressed() {
  const MemoryContext* context = in_flight_.front().work.context;
  const std::uint32_t mark = context != nullptr ? context->progress() : 0;
  if (std::exchange(last_progress_.mark, mark) != mark) return true;
  const std::uint64_t engines = backend_.progress();
  return std::exchange(last_progress_.engines, engines) != engines;
}

// The kernels that the oldest submission has come to, or nothing.
std::string SubmissionQueue::running() const {
  if (in_flight_.empty()) return {};
  const Work& work = in_flight_.front().work;
  if (work.context == nullptr || !work.running_at) return {};
  return work.running_at(work.context->progress());
}

void SubmissionQueue::add_place(protocol::Error& error) const {
  if (!in_flight_.empty())
    error.mutable_fault()->set_submission(printable(in_flight_.front().work.name));
  error.mutable_fault()->set_kernel(printable(running()));
}

protocol::Error SubmissionQueue::fault_error(const driver::Interrupt& interrupt) const {
  const std::string name = in_flight_.empty() ? "earlier work" : in_flight_.front().work.name;
  protocol::Error error = make_error(protocol::ERROR_CODE_DEVICE_FAULT,
                                     "the card stopped \"" + name + "\"" + in_kernel(running()) +
                                         ": " + interrupt.describe() + what_is_lost);
  error.mutable_fault()->set_cause(driver::to_string(interrupt.kind));
  if (interrupt.kind == driver::InterruptKind::memory_fault) {
    error.mutable_fault()->set_address(interrupt.address.value());
  }
  add_place(error);
  return error;
}

protocol::Error SubmissionQueue::hang_error() {
  const std::string& name = in_flight_.front().work.name;
  protocol::Error error = make_error(protocol::ERROR_CODE_DEVICE_HANG,
                                     "\"" + name + "\" made no progress" + in_kernel(running()) +
                                         " for " + std::to_string(hang_timeout_.count()) +
                                         " ms and counts as hung" + what_is_lost);
  error.mutable_fault()->set_cause("hang");
  add_place(error);
  return error;
}

void SubmissionQueue::abandon(const protocol::Error& error) {
  auto lost = std::exchange(in_flight_, {});
  for (Entry& entry : std::exchange(waiting_, {})) lost.push_back(std::move(entry));
  entries_in_flight_ = 0;
  for (const Entry& entry : lost) entry.work.on_complete(entry.fence, &error);
}

void SubmissionQueue::restart() {
  last_started_.reset();
  failure_.reset();
}

}  // namespace redbolt::daemon
