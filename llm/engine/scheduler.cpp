#include "engine/scheduler.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "engine/asked_back.hpp"
#include "support/printable.hpp"

namespace redbolt::llm {
namespace {

using std::chrono::milliseconds;

// Steps that are queued ahead at most, and how much time of the card they may make up: who asks
// next waits for them.
constexpr std::uint32_t kMostStepsAhead = 8;
constexpr std::uint32_t kFewestStepsAhead = 2;
constexpr std::chrono::duration<double> kTimeAhead{0.06};
static_assert(DrawMemory::kRingEntries > 2 * kMostStepsAhead);

// Tokens of a chunk while others wait for their next token: one tile of the batched matrices.
constexpr std::uint32_t kSharedChunk = 32;
constexpr std::size_t kChunksAhead = 2;

// How tokens are waited for: often at first, then with pauses.
constexpr unsigned kLooksBeforeSleep = 100;
constexpr std::chrono::microseconds kSleep{100};
constexpr milliseconds kChunkWait{2};  // and how often is asked where there is no waiting
constexpr milliseconds kIdleWait{100};
constexpr std::chrono::seconds kHealthCheck{1};
constexpr milliseconds kReleaseCheck{10};

}  // namespace

Scheduler::Scheduler(const LoadedModel& model, RequestBoard& board,
                     std::shared_ptr<CardShare> share, bool context_shift,
                     const runtime::Device::LoadProgress& progress)
    : model_(model),
      device_(model.device()),
      board_(board),
      context_shift_(context_shift),
      memory_(model),
      graphs_(model, memory_, progress),
      feed_(model, kChunksAhead + 1),
      seat_(std::move(share), printable(model.config().name)),
      gauge_(device_, seat_) {
  const std::uint32_t slots = model.shape().slots;
  slots_.reserve(slots);
  for (std::uint32_t i = 0; i < slots; ++i) slots_.emplace_back(i, model, memory_, board);
  // No slot is active.
  device_.wait(device_.fill(
      model.scratch(model.layout().slot_states, slots * sizeof(runtime::StepState)), 0));
}

void Scheduler::run() {
  next_check_ = EngineClock::now() + kHealthCheck;
  while (!board_.closed()) {
    check_lost();
    bool busy = take_requests();
    busy |= collect();
    busy |= submit_work();
    busy |= check_chunks();
    if (busy) {
      looks_ = 0;
    } else {
      rest();
    }
  }
}

// The card, asked back by another program, or lost to another engine.
void Scheduler::check_lost() {
  const auto now = EngineClock::now();
  if (now < next_release_check_) return;
  next_release_check_ = now + kReleaseCheck;
  if (const auto why = seat_.loss()) throw LlmError(ErrorCode::device, *why);
  if (const auto message = asked_back(device_)) throw LlmError(ErrorCode::device, *message);
}

bool Scheduler::take_requests() {
  RequestBoard::Cancelled cancelled = board_.take_cancelled();
  for (const TokenRequestId id : cancelled.running) {
    const auto slot = std::ranges::find(slots_, std::optional(id), &Slot::request);
    if (slot == slots_.end()) continue;
    std::erase(feeding_, &*slot);
    slot->end(EndReason::cancelled);
  }
  for (WaitingRequest& request : cancelled.waiting) {
    EndReport report;
    report.reason = EndReason::cancelled;
    report.prompt_tokens = static_cast<std::uint32_t>(request.request.prompt.size());
    report.queued = EngineClock::now() - request.since;
    request.sink->on_end(report);
  }
  bool taken = false;
  while (std::ranges::any_of(slots_, &Slot::idle)) {
    auto request = board_.take();
    if (!request) break;
    Slot* const slot = choose(request->request.prompt);
    slot->begin(std::move(*request), ++turn_);
    feeding_.push_back(slot);
    taken = true;
  }
  seat_.set_busy(!std::ranges::all_of(slots_, &Slot::idle));
  return taken;
}

// The free slot that holds most of the prompt. Where that is little of either, taking it would cost
// more than it saves: then the one that was not used for the longest time.
Slot* Scheduler::choose(std::span<const TokenId> prompt) {
  Slot* best = nullptr;
  Slot* oldest = nullptr;
  std::uint32_t most = 0;
  for (Slot& slot : slots_) {
    if (!slot.idle()) continue;
    if (oldest == nullptr || slot.last_used() < oldest->last_used()) oldest = &slot;
    const std::uint32_t common = slot.common_prefix(prompt);
    if (common > most) {
      most = common;
      best = &slot;
    }
  }
  if (best == nullptr) return oldest;
  const bool worth_it = 2 * std::size_t{most} >= std::min(prompt.size() - 1, best->held());
  return worth_it ? best : oldest;
}

bool Scheduler::collect() {
  std::uint32_t tokens = 0;
  for (Slot& slot : slots_) {
    const bool was_drawing = slot.drawing();
    tokens += slot.collect(context_shift_);
    // Its context was shifted: what stays of it is fed again.
    if (was_drawing && slot.feeding()) feeding_.push_back(&slot);
  }
  if (tokens == 0) return false;
  const auto now = EngineClock::now();
  step_time_ = now - last_token_;
  last_token_ = now;
  gauge_.tokens(tokens, now);
  return true;
}

std::vector<Slot*> Scheduler::drawing() {
  std::vector<Slot*> result;
  for (Slot& slot : slots_) {
    if (slot.drawing()) result.push_back(&slot);
  }
  return result;
}

bool Scheduler::submit_work() {
  if (forward_ahead_ && drawing().empty()) forward_ahead_.reset();  // nobody is left to draw for
  const bool chunk = submit_chunk();
  return submit_steps() || chunk;
}

bool Scheduler::submit_chunk() {
  if (feeding_.empty() || chunks_.size() >= kChunksAhead || forward_ahead_) return false;
  const bool between_steps = !drawing().empty();
  if (between_steps && chunk_since_step_) return false;
  const bool shared = between_steps || seat_.others_busy();
  Slot& slot = *feeding_.front();
  const std::uint32_t batch = model_.shape().batch;
  const auto ids = slot.next_chunk(shared ? std::min(batch, kSharedChunk) : batch);
  const auto count = static_cast<std::uint32_t>(ids.size());
  feed_.push(slot.chunk_state(), ids);
  last_ = device_.submit(graphs_.prefill(count));
  const bool last = slot.chunk_submitted(count);
  chunks_.push_back({slot.index(), slot.request().value_or(0), slot.held(), last_});
  chunk_since_step_ = true;
  if (last) {
    feeding_.pop_front();
    draw_first(slot);
  }
  return true;
}

void Scheduler::draw_first(Slot& slot) {
  slot.start_drawing();
  if (slot.constrained()) {
    last_ = device_.submit(graphs_.prompt_head(slot.index()));
    slot.make_mask();
    last_ = device_.submit(graphs_.draw({slot.index(), 1}));
  } else {
    last_ = device_.submit(graphs_.first_token(slot.index()));
  }
  slot.draws_submitted(1);
}

std::uint32_t Scheduler::steps_ahead() const {
  if (seat_.others_busy()) return kFewestStepsAhead;
  // Who comes next waits for the slot anyway.
  if (slots_.size() == 1 && !seat_.has_others()) return kMostStepsAhead;
  if (step_time_.count() <= 0) return kFewestStepsAhead;
  const double fit = kTimeAhead / step_time_;
  return std::clamp(fit < kMostStepsAhead ? static_cast<std::uint32_t>(fit) : kMostStepsAhead,
                    kFewestStepsAhead, kMostStepsAhead);
}

// How many steps to submit when `ahead` are queued and `left` tokens may still come.
std::uint32_t Scheduler::steps_wanted(std::uint32_t ahead, std::uint32_t left) const {
  // One by one between the chunks of a prompt.
  if (!feeding_.empty()) return ahead < std::min(kFewestStepsAhead, left) ? 1 : 0;
  const std::uint32_t wanted = std::min(steps_ahead(), left);
  // In halves, so that one message and one doorbell serve several tokens.
  return ahead > wanted / 2 || wanted <= ahead ? 0 : wanted - ahead;
}

bool Scheduler::submit_steps() {
  const std::vector<Slot*> slots = drawing();
  if (slots.empty()) return false;
  std::uint32_t ahead = 0, left = 0;
  bool constrained = false;
  for (const Slot* slot : slots) {
    ahead = std::max(ahead, slot->draws_queued());
    left = std::max(left, slot->draws_wanted());
    constrained |= slot->constrained();
  }
  const SlotRange range = graphs_.range_of(slots.front()->index(), slots.back()->index());
  if (constrained || forward_ahead_) {
    if (ahead > 0) return false;
    submit_step_with_masks(range, slots, constrained && left > 1 && feeding_.empty());
    return true;
  }
  const std::uint32_t steps = steps_wanted(ahead, left);
  if (steps == 0) return false;
  last_ = device_.submit(graphs_.step(range), steps);
  for (Slot* slot : slots) slot->draws_submitted(steps);
  board_.update([&](EngineStatus& status) { status.steps += steps; });
  chunk_since_step_ = false;
  return true;
}

// more: another such step follows, and its first half may be queued with this one's second.
void Scheduler::submit_step_with_masks(SlotRange range, const std::vector<Slot*>& slots,
                                       bool more) {
  if (!forward_ahead_) last_ = device_.submit(graphs_.forward(range));
  range = std::exchange(forward_ahead_, std::nullopt).value_or(range);
  for (Slot* slot : slots) {
    if (slot->constrained()) slot->make_mask();
  }
  last_ = device_.submit(more ? graphs_.draw_and_forward(range) : graphs_.draw(range));
  if (more) forward_ahead_ = range;
  for (Slot* slot : slots) slot->draws_submitted(1);
  board_.update([](EngineStatus& status) { ++status.steps; });
  chunk_since_step_ = false;
}

bool Scheduler::chunk_is_done(milliseconds timeout) {
  const Chunk chunk = chunks_.front();
  if (!device_.wait(chunk.fence, timeout)) return false;
  chunks_.pop_front();
  Slot& slot = slots_[chunk.slot];
  if (slot.request() == chunk.request) slot.chunk_done(chunk.done);
  return true;
}

// Asking is a message to the daemon: now and then is enough.
bool Scheduler::check_chunks() {
  if (chunks_.empty() || EngineClock::now() < next_chunk_check_) return false;
  next_chunk_check_ = EngineClock::now() + kChunkWait;
  return chunk_is_done(milliseconds(0));
}

void Scheduler::rest() {
  const bool waits_for_tokens =
      std::ranges::any_of(slots_, [](const Slot& slot) { return slot.drawing(); });
  if (!waits_for_tokens) {
    gauge_.idle();
    if (chunks_.empty()) {
      board_.wait(kIdleWait);
    } else if (seat_.has_others()) {
      // Nobody else could submit while this one waits with the daemon.
      std::this_thread::sleep_for(kSleep);
    } else {
      chunk_is_done(kChunkWait);
    }
    return;
  }
  if (++looks_ < kLooksBeforeSleep) return;
  std::this_thread::sleep_for(kSleep);
  check_health();
}

// Throws when the card has failed. When everything is done, what is waited for must be there.
void Scheduler::check_health() {
  if (EngineClock::now() < next_check_) return;
  next_check_ = EngineClock::now() + kHealthCheck;
  if (device_.wait(last_, milliseconds(0)) && !collect() && chunks_.empty()) {
    throw LlmError(ErrorCode::device, "the card finished its work without delivering a token");
  }
}

void Scheduler::end_all(EndReason reason, const std::optional<LlmError>& error) {
  feeding_.clear();
  for (Slot& slot : slots_) {
    slot.end(reason, error);
    slot.forget();
  }
}

}  // namespace redbolt::llm
