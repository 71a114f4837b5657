#include "redbolt/llm/engine/batch_engine.hpp"

#include <string>
#include <thread>
#include <utility>

#include "engine/request_board.hpp"
#include "engine/sampling_parameters.hpp"
#include "engine/scheduler.hpp"
#include "redbolt/llm/engine/input_feed.hpp"

namespace redbolt::llm {

class BatchEngine::Implementation {
 public:
  Implementation(const LoadedModel& model, BatchEngineOptions options)
      : model_(model),
        share_(std::move(options.share)),
        on_failure_(std::move(options.on_failure)),
        board_(model.shape().slots, std::uint64_t{model.shape().slots} + options.queue_length),
        scheduler_(model, board_, share_, options.context_shift, options.progress),
        thread_([this] { run(); }) {}

  ~Implementation() {
    board_.close();
    thread_.join();
  }

  void check(const TokenRequest& request) const;

  const LoadedModel& model_;
  const std::shared_ptr<CardShare> share_;
  std::function<void(const LlmError&)> on_failure_;
  RequestBoard board_;
  Scheduler scheduler_;

 private:
  void run();
  void fail(const LlmError& error);
  void end_waiting(EndReason reason, const LlmError& refusal, const std::optional<LlmError>& error);

  std::thread thread_;  // last: it uses everything else
};

void BatchEngine::Implementation::check(const TokenRequest& request) const {
  check_tokens(model_, request.prompt);
  if (request.prompt.size() >= model_.shape().context) {
    throw LlmError(ErrorCode::context_exceeded,
                   "the prompt has " + std::to_string(request.prompt.size()) +
                       " tokens, and the context of " + std::to_string(model_.shape().context) +
                       " has no room for an answer; give a larger one with --ctx");
  }
  check_sampling(request.sampling,
                 {.stop_tokens = request.stop_tokens,
                  .prompt_tokens = static_cast<std::uint32_t>(request.prompt.size()),
                  .top_logprobs = request.top_logprobs,
                  .masked = request.constraint != nullptr},
                 model_.config().vocabulary);
}

void BatchEngine::Implementation::run() {
  try {
    scheduler_.run();
    scheduler_.end_all(EndReason::cancelled, std::nullopt);
    end_waiting(EndReason::cancelled, LlmError(ErrorCode::device, "the engine has ended"),
                std::nullopt);
  } catch (const LlmError& error) {
    fail(error);
  } catch (const std::exception& error) {
    fail(LlmError(ErrorCode::device, error.what()));
  }
}

void BatchEngine::Implementation::fail(const LlmError& error) {
  if (share_) share_->lose(error.what());
  // First nothing new comes in, then everybody is told.
  end_waiting(EndReason::failed, error, error);
  scheduler_.end_all(EndReason::failed, error);
  if (on_failure_) on_failure_(error);
}

void BatchEngine::Implementation::end_waiting(EndReason reason, const LlmError& refusal,
                                              const std::optional<LlmError>& error) {
  for (WaitingRequest& request : board_.fail(refusal)) {
    EndReport report;
    report.reason = reason;
    report.error = error;
    report.prompt_tokens = static_cast<std::uint32_t>(request.request.prompt.size());
    report.queued = EngineClock::now() - request.since;
    request.sink->on_end(report);
  }
}

BatchEngine::BatchEngine(const LoadedModel& model, BatchEngineOptions options)
    : implementation_(std::make_unique<Implementation>(model, std::move(options))) {}
BatchEngine::~BatchEngine() = default;

std::uint32_t BatchEngine::context() const {
  return implementation_->model_.shape().context;
}

std::uint32_t BatchEngine::slots() const {
  return implementation_->model_.shape().slots;
}

TokenRequestId BatchEngine::submit(TokenRequest request, std::shared_ptr<TokenSink> sink) {
  implementation_->check(request);
  return implementation_->board_.add(std::move(request), std::move(sink));
}

void BatchEngine::cancel(TokenRequestId id) {
  implementation_->board_.cancel(id);
}

EngineStatus BatchEngine::status() const {
  return implementation_->board_.status();
}

std::optional<LlmError> BatchEngine::failure() const {
  return implementation_->board_.failure();
}

const runtime::LoadReport& BatchEngine::kernels() const {
  return implementation_->scheduler_.kernels();
}

}  // namespace redbolt::llm
