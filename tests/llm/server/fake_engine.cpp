#include "fake_engine.hpp"

#include <algorithm>
#include <bit>

namespace redbolt::test {

using namespace llm;

FakeEngine::FakeEngine(const Tokenizer& tokenizer, Script script, Options options)
    : tokenizer_(tokenizer), script_(std::move(script)), options_(options) {
  thread_ = std::thread([this] { run(); });
}

FakeEngine::~FakeEngine() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

TokenRequestId FakeEngine::submit(TokenRequest request, std::shared_ptr<TokenSink> sink) {
  std::string prompt;
  for (const TokenId token : request.prompt) {
    const std::string bytes = tokenizer_.bytes(token);
    prompt += bytes.empty() ? std::string(tokenizer_.vocabulary().text(token)) : bytes;
  }
  FakeAnswer answer = script_(request, prompt);
  const std::lock_guard lock(mutex_);
  if (running_.size() >= std::size_t{options_.slots} + options_.queue) {
    throw LlmError(ErrorCode::queue_full, "the queue is full");
  }
  if (answer.reason == EndReason::stop_token && !request.stop_tokens.empty()) {
    answer.tokens.push_back(request.stop_tokens.front());
  }
  last_sampling_ = request.sampling;
  last_prompt_ = prompt;
  last_limit_ = request.limit;
  Running running;
  running.id = ++last_id_;
  running.request = std::move(request);
  running.sink = std::move(sink);
  running.answer = std::move(answer);
  running.due = std::chrono::steady_clock::now() + running.answer.pace;
  running_.push_back(std::move(running));
  changed_.notify_all();
  return last_id_;
}

void FakeEngine::cancel(TokenRequestId id) {
  const std::lock_guard lock(mutex_);
  for (Running& running : running_) {
    if (running.id == id) running.cancelled = true;
  }
  changed_.notify_all();
}

EngineStatus FakeEngine::status() const {
  const std::lock_guard lock(mutex_);
  EngineStatus status = totals_;
  auto running = running_.begin();
  for (std::uint32_t slot = 0; slot < options_.slots; ++slot) {
    SlotStatus one;
    one.slot = slot;
    if (running != running_.end()) {
      one.request = running->id;
      one.prompt_tokens = static_cast<std::uint32_t>(running->request.prompt.size());
      one.generated_tokens = static_cast<std::uint32_t>(running->next);
      ++running;
    }
    status.slots.push_back(one);
  }
  status.waiting = static_cast<std::uint32_t>(
      running_.size() - std::min<std::size_t>(running_.size(), options_.slots));
  return status;
}

void FakeEngine::allow(std::uint32_t tokens) {
  const std::lock_guard lock(mutex_);
  allowed_ += tokens;
  changed_.notify_all();
}

bool FakeEngine::wait_for_ends(std::uint64_t count) {
  std::unique_lock lock(mutex_);
  return ended_changed_.wait_for(lock, std::chrono::seconds(30), [&] { return ended_ >= count; });
}

std::optional<SamplingOptions> FakeEngine::last_sampling() const {
  const std::lock_guard lock(mutex_);
  return last_sampling_;
}

std::string FakeEngine::last_prompt() const {
  const std::lock_guard lock(mutex_);
  return last_prompt_;
}

std::uint32_t FakeEngine::last_limit() const {
  const std::lock_guard lock(mutex_);
  return last_limit_;
}

void FakeEngine::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopping_) break;
    if (step(lock)) continue;
    auto due = std::chrono::steady_clock::now() + std::chrono::hours(1);
    for (const Running& running : running_) {
      if (!running.answer.held) due = std::min(due, running.due);
    }
    changed_.wait_until(lock, due);
  }
  while (!running_.empty()) finish(running_.front(), EndReason::cancelled, lock);
}

// One token of one request, or one end; false when there is nothing to do yet.
bool FakeEngine::step(std::unique_lock<std::mutex>& lock) {
  std::uint32_t slot = 0;
  for (Running& running : running_) {
    if (running.cancelled) {
      finish(running, EndReason::cancelled, lock);
      return true;
    }
    if (slot++ >= options_.slots) continue;
    if (deliver(running, lock)) return true;
  }
  return false;
}

bool FakeEngine::deliver(Running& running, std::unique_lock<std::mutex>& lock) {
  const auto now = std::chrono::steady_clock::now();
  if (running.answer.held ? allowed_ == 0 : now < running.due) return false;
  if (!running.prompted) {
    running.prompted = true;
    const auto size = static_cast<std::uint32_t>(running.request.prompt.size());
    running.sink->on_prompt(size, size);
  }
  const std::uint32_t limit = running.request.limit;
  if (limit != 0 && running.next == limit) {
    finish(running, EndReason::limit, lock);
    return true;
  }
  if (running.next == running.answer.tokens.size()) {
    finish(running, running.answer.reason, lock);
    return true;
  }
  if (running.answer.held) --allowed_;
  const GeneratedToken token = constrained(running, running.answer.tokens[running.next++]);
  running.due = now + running.answer.pace;
  ++delivered_;
  ++totals_.generated_tokens;
  ++totals_.steps;
  const auto sink = running.sink;
  lock.unlock();
  sink->on_token(token);
  lock.lock();
  // Each that has a slot has its turn.
  if (running_.size() <= options_.slots) {
    const auto self = std::ranges::find(running_, running.id, &Running::id);
    running_.splice(running_.end(), running_, self);
  }
  return true;
}

GeneratedToken FakeEngine::constrained(Running& running, TokenId token) {
  GeneratedToken generated;
  if (TokenConstraint* const constraint = running.request.constraint.get()) {
    std::vector<std::uint32_t> mask((tokenizer_.vocabulary().size() + 31) / 32);
    if (constraint->restricts()) {
      constraint->allow(mask);
      if ((mask[token / 32] >> (token % 32) & 1) == 0) {
        const auto word = std::ranges::find_if(mask, [](std::uint32_t bits) { return bits != 0; });
        token = static_cast<TokenId>((word - mask.begin()) * 32 + std::countr_zero(*word));
        const auto& stops = running.request.stop_tokens;
        // Whoever ends early gets no more of the script.
        if (std::ranges::find(stops, token) != stops.end()) {
          running.answer.tokens.resize(running.next);
        }
      }
    }
    constraint->accept(token);
  }
  generated.token = token;
  if (const auto top = running.request.top_logprobs) {
    generated.logprob = -0.25F;
    for (std::uint32_t i = 0; i < *top; ++i) {
      generated.alternatives.push_back(
          {i == 0 ? token : static_cast<TokenId>(i + 40), -0.25F - static_cast<float>(i)});
    }
  }
  return generated;
}

void FakeEngine::finish(Running& running, EndReason reason, std::unique_lock<std::mutex>& lock) {
  EndReport report;
  report.reason = reason;
  if (reason == EndReason::failed) report.error = running.answer.error;
  report.prompt_tokens = static_cast<std::uint32_t>(running.request.prompt.size());
  report.cached_tokens = running.answer.cached;
  report.generated_tokens = static_cast<std::uint32_t>(running.next);
  report.prompt_time = std::chrono::milliseconds(20);
  report.decode_time = std::chrono::milliseconds(10) * running.next;
  ++totals_.requests;
  totals_.prompt_tokens += report.prompt_tokens;
  totals_.cached_tokens += report.cached_tokens;
  totals_.prompt_time += report.prompt_time;
  totals_.decode_time += report.decode_time;
  if (reason == EndReason::cancelled) ++cancelled_;
  const auto sink = running.sink;
  running_.remove_if([&](const Running& other) { return other.id == running.id; });
  lock.unlock();
  sink->on_end(report);
  lock.lock();
  ++ended_;
  ended_changed_.notify_all();
}

}  // namespace redbolt::test
