#include "engine/slot.hpp"

#include <algorithm>
#include <utility>

#include "engine/sampling_parameters.hpp"

namespace redbolt::llm {
namespace {

EndReason end_reason(runtime::StopReason stop) {
  switch (stop) {
    case runtime::StopReason::stop_token:
      return EndReason::stop_token;
    case runtime::StopReason::limit:
      return EndReason::limit;
    case runtime::StopReason::context:
      return EndReason::context;
    case runtime::StopReason::none:
    case runtime::StopReason::cancelled:
      break;
  }
  return EndReason::cancelled;
}

LlmError constraint_error(const std::exception& error) {
  return {ErrorCode::bad_argument,
          std::string("the answer's form cannot be followed: ") + error.what()};
}

}  // namespace

Slot::Slot(std::uint32_t index, const LoadedModel& model, DrawMemory& memory, RequestBoard& board)
    : index_(index),
      model_(model),
      memory_(memory),
      board_(board),
      ring_(memory.ring(index)),
      logprobs_(memory.logprobs(index), ring_.entries()) {}

std::optional<TokenRequestId> Slot::request() const {
  if (!job_ || !job_->sink) return std::nullopt;
  return job_->id;
}

std::uint32_t Slot::common_prefix(std::span<const TokenId> prompt) const {
  const std::span<const TokenId> here = std::span(tokens_).first(filled_);
  const std::span<const TokenId> there = prompt.first(prompt.size() - 1);
  const auto end = std::ranges::mismatch(here, there).in1;
  return static_cast<std::uint32_t>(end - here.begin());
}

void Slot::begin(WaitingRequest request, std::uint64_t turn) {
  last_used_ = turn;
  Job& job = job_.emplace();
  job.id = request.id;
  job.request = std::move(request.request);
  job.sink = std::move(request.sink);
  job.cached = common_prefix(job.request.prompt);
  job.asked = request.since;
  job.begun = EngineClock::now();
  filled_ = job.cached;
  tokens_ = job.request.prompt;
  answer_start_ = tokens_.size();
  const std::uint32_t context = model_.shape().context;
  limit_ = job.request.limit == 0 ? context : job.request.limit;
  queued_ = received_ = 0;
  // No step draws for this slot now: its rings and its words are the host's.
  ring_.reset();
  logprobs_.reset();
  memory_.set_cancel(index_, false);
  memory_.set_use_mask(index_, false);
  put_sampling();
  phase_ = Phase::prompt;
  board_.update([&](EngineStatus& status) {
    status.prompt_tokens += tokens_.size();
    status.cached_tokens += job.cached;
  });
  show();
  chunk_done(job.cached);
}

void Slot::put_sampling() {
  const TokenRequest& request = job_->request;
  const auto start = static_cast<std::uint32_t>(answer_start_);
  const auto biases = logit_biases(request.sampling);
  // Of a sequence that goes on after a shift, the answer so far counts too.
  const auto answer = static_cast<std::uint32_t>(tokens_.size() - answer_start_);
  const std::uint32_t seen = answer > 0 ? static_cast<std::uint32_t>(tokens_.size())
                                        : history_needed(request.sampling, start);
  memory_.begin(index_, {.parameters = sampling_parameters(
                             request.sampling, {.stop_tokens = request.stop_tokens,
                                                .prompt_tokens = start,
                                                .top_logprobs = request.top_logprobs,
                                                .masked = request.constraint != nullptr}),
                         .biases = biases,
                         .history = std::span(tokens_).last(seen),
                         .history_begin = static_cast<std::uint32_t>(tokens_.size()) - seen});
}

std::span<const TokenId> Slot::next_chunk(std::uint32_t most) const {
  const auto rest = std::span(tokens_).subspan(filled_);
  return rest.first(std::min<std::size_t>(rest.size(), most));
}

runtime::StepState Slot::chunk_state() const {
  runtime::StepState state{};
  state.position = static_cast<std::uint32_t>(filled_);
  state.capacity = model_.shape().context;
  state.slot = index_;
  return state;
}

bool Slot::chunk_submitted(std::size_t count) {
  filled_ += count;
  return filled_ == tokens_.size();
}

void Slot::chunk_done(std::size_t count) {
  // After a shift nothing is told: the prompt has been fed long ago.
  if (!job_ || !job_->sink || count <= job_->reported || count > job_->request.prompt.size())
    return;
  job_->reported = count;
  show();
  job_->sink->on_prompt(static_cast<std::uint32_t>(count),
                        static_cast<std::uint32_t>(job_->request.prompt.size()));
}

void Slot::start_drawing() {
  runtime::StepState state = chunk_state();
  // The prompt's last token is in the cache; the first draw moves on from it.
  state.position = static_cast<std::uint32_t>(tokens_.size()) - 1;
  state.tokens = 1;
  state.remaining = draws_left();
  state.sampled = received_;
  memory_.start_drawing(index_, state);
  phase_ = Phase::answer;
}

bool Slot::restricted() const {
  return job_ && job_->sink && job_->request.constraint && job_->request.constraint->restricts();
}

void Slot::make_mask() {
  if (!restricted()) {
    memory_.set_use_mask(index_, false);
    return;
  }
  const std::span<std::uint32_t> mask = memory_.mask(index_);
  std::ranges::fill(mask, 0U);
  try {
    job_->request.constraint->allow(mask);
  } catch (const std::exception& error) {
    end(EndReason::failed, constraint_error(error));
    return;
  }
  memory_.set_use_mask(index_, true);
}

std::uint32_t Slot::collect(bool context_shift) {
  std::uint32_t count = 0;
  while (drawing()) {
    if (!waiting_token_) waiting_token_ = ring_.poll();
    if (!waiting_token_) break;
    const bool wants_logprobs = job_->sink && job_->request.top_logprobs &&
                                waiting_token_->stop != runtime::StopReason::cancelled;
    // They are written before the token, but where memory is mirrored they may arrive after it.
    if (wants_logprobs && !logprobs_.of(*waiting_token_)) break;
    const runtime::FinishedToken token = *std::exchange(waiting_token_, std::nullopt);
    ++count;
    ++received_;
    take(token, context_shift);
  }
  return count;
}

void Slot::take(const runtime::FinishedToken& token, bool context_shift) {
  if (token.stop != runtime::StopReason::cancelled) {
    // What was drawn before has been fed.
    filled_ = tokens_.size();
    tokens_.push_back(token.token);
    deliver(token);
  }
  if (token.stop == runtime::StopReason::none) return;
  if (token.stop == runtime::StopReason::context && context_shift && job_->sink) {
    shift();
    return;
  }
  stopped_ = true;
  if (job_->sink) {
    end(end_reason(token.stop));
  } else {
    release();
  }
}

void Slot::deliver(const runtime::FinishedToken& token) {
  Job& job = *job_;
  if (!job.sink) return;
  // That a chunk is done is asked for now and then; a token shows that all of them are.
  chunk_done(job.request.prompt.size());
  const auto now = EngineClock::now();
  if (job.generated++ == 0) job.first_token = job.last_token = now;
  if (job.request.constraint) {
    try {
      job.request.constraint->accept(token.token);
    } catch (const std::exception& error) {
      end(EndReason::failed, constraint_error(error));
      return;
    }
  }
  GeneratedToken generated{.token = token.token};
  if (const auto found = job.request.top_logprobs ? logprobs_.of(token) : std::nullopt) {
    generated.logprob = found->logprob;
    for (std::uint32_t i = 0; i < std::min(found->count, *job.request.top_logprobs); ++i) {
      generated.alternatives.push_back({found->top[i].token, found->top[i].logprob});
    }
  }
  show();
  board_.update([&](EngineStatus& status) {
    ++status.generated_tokens;
    status.decode_time += now - job.last_token;
  });
  job.last_token = now;
  job.sink->on_token(generated);
}

// The cache is full: the older half of what may go, goes. What stays is fed again, since keys are
// stored rotated by their position.
void Slot::shift() {
  const std::size_t context = model_.shape().context;
  const std::size_t keep = std::min<std::size_t>(job_->request.keep_tokens, context / 2);
  const std::size_t discard = std::max<std::size_t>((context - keep) / 2, 1);
  const auto from = tokens_.begin() + static_cast<std::ptrdiff_t>(keep);
  tokens_.erase(from, from + static_cast<std::ptrdiff_t>(discard));
  answer_start_ = std::max(keep, answer_start_ - std::min(answer_start_, discard));
  filled_ = keep;
  // Steps that were queued have done nothing; the next draw is the one after this token.
  queued_ = received_;
  put_sampling();
  phase_ = Phase::prompt;
}

void Slot::end(EndReason reason, std::optional<LlmError> error) {
  if (!request()) return;
  Job& job = *job_;
  const auto now = EngineClock::now();
  EndReport report;
  report.reason = reason;
  report.error = std::move(error);
  report.prompt_tokens = static_cast<std::uint32_t>(job.request.prompt.size());
  report.cached_tokens = job.cached;
  report.generated_tokens = job.generated;
  report.queued = job.begun - job.asked;
  report.prompt_time = (job.generated > 0 ? job.first_token : now) - job.begun;
  if (job.generated > 0) report.decode_time = now - job.first_token;
  board_.update([&](EngineStatus& status) {
    status.prompt_time += report.prompt_time;
    if (job.generated > 0) status.decode_time += now - job.last_token;
  });
  const auto sink = std::exchange(job.sink, nullptr);
  // Free before the sink hears of it, so that it may ask again at once.
  if (phase_ == Phase::prompt || stopped_) {
    release();
  } else {
    memory_.set_cancel(index_, true);
    show();
  }
  sink->on_end(report);
}

void Slot::release() {
  phase_ = Phase::idle;
  stopped_ = false;
  job_.reset();
  waiting_token_.reset();
  tokens_.resize(filled_);
  show();
  board_.done();
}

void Slot::forget() {
  filled_ = 0;
  if (phase_ != Phase::idle) release();
}

void Slot::show() const {
  board_.update([&](EngineStatus& status) {
    SlotStatus& slot = status.slots[index_];
    slot.request = request();
    slot.prompt_tokens = slot.request ? static_cast<std::uint32_t>(job_->request.prompt.size()) : 0;
    slot.generated_tokens = slot.request ? job_->generated : 0;
    slot.held_tokens = static_cast<std::uint32_t>(filled_);
  });
}

}  // namespace redbolt::llm
