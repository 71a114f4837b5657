#include "redbolt/llm/engine/generator.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <span>
#include <string>
#include <thread>

#include "engine/load_together.hpp"
#include "engine/sampling_parameters.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

// A power of two, well above the steps queued ahead.
constexpr std::uint64_t kRingEntries = 64;
static_assert(kRingEntries > 2 * kStepsAhead);

// How the host waits for a token: it looks often at first, then sleeps between looks.
constexpr unsigned kLooksBeforeSleep = 200;
constexpr std::chrono::microseconds kSleep{100};
// How often it asks the daemon, meanwhile, whether the work has failed.
constexpr std::chrono::seconds kHealthCheck{1};

}  // namespace

Generator::Generator(const LoadedModel& model, const runtime::Device::LoadProgress& progress)
    : model_(model),
      ring_memory_(model.device().allocate_shared(
          Bytes(kRingEntries * sizeof(runtime::TokenRingEntry)), "token ring")),
      ring_(ring_memory_.bytes()),
      feed_(model) {
  const GraphBuilder builder = model.graphs();
  const std::array graphs = {builder.prefill(model.shape().batch),
                             builder.first_token(ring_memory_.view(), ring_.entries()),
                             builder.decode(ring_memory_.view(), ring_.entries())};
  kernels_ = load_together(model.device(), graphs, progress);
  prefill_ = model.device().record(graphs[0]);
  first_token_ = model.device().record(graphs[1]);
  decode_ = model.device().record(graphs[2]);
}

Generation::Generation(Generator& generator, const GenerationRequest& request)
    : generator_(generator), device_(generator.model_.device()), limit_(request.limit) {
  check_tokens(generator.model_, request.prompt);
  if (request.limit == 0)
    throw LlmError(ErrorCode::bad_argument, "at least one token must be generated");
  feed(request);
}

// What of the draw's input depends on the request.
void Generation::upload_sampling(const GenerationRequest& request) {
  const LoadedModel& model = generator_.model_;
  const ScratchLayout& layout = model.layout();
  const auto prompt_tokens = static_cast<std::uint32_t>(request.prompt.size());
  const SamplingContext context{request.stop_tokens, prompt_tokens, std::nullopt, false};
  check_sampling(request.sampling, context, model.config().vocabulary);
  const auto put = [&](std::uint64_t offset, std::span<const std::byte> bytes) {
    if (!bytes.empty()) device_.upload(model.scratch(offset, bytes.size()), bytes);
  };
  const runtime::SamplingParameters parameters = sampling_parameters(request.sampling, context);
  put(layout.sampling_parameters, std::as_bytes(std::span(&parameters, 1)));
  const std::vector<runtime::LogitBias> biases = logit_biases(request.sampling);
  put(layout.logit_biases, std::as_bytes(std::span(biases)));
  const std::uint32_t seen = history_needed(request.sampling, prompt_tokens);
  put(layout.token_history + (prompt_tokens - seen) * sizeof(TokenId),
      std::as_bytes(std::span(request.prompt).last(seen)));
}

void Generation::feed(const GenerationRequest& request) {
  const LoadedModel& model = generator_.model_;
  upload_sampling(request);
  generator_.ring_.reset();
  generator_.feed_.reset();
  const std::span<const TokenId> prompt = request.prompt;
  for (std::size_t start = 0; start < prompt.size(); start += model.shape().batch) {
    runtime::StepState state{};
    state.position = static_cast<std::uint32_t>(start);
    state.capacity = model.shape().context;
    state.remaining = limit_;
    generator_.feed_.push(
        state,
        prompt.subspan(start, std::min<std::size_t>(model.shape().batch, prompt.size() - start)));
    device_.submit(generator_.prefill_);
  }
  last_ = device_.submit(generator_.first_token_);
  queued_ = 1;
}

Generation::~Generation() {
  try {
    device_.wait(last_);
  } catch (const std::exception&) {
    // Whoever asked for the last token has been told; the connection's end frees everything.
  }
}

void Generation::queue_steps() {
  const std::uint32_t ahead = queued_ - received_;
  const std::uint32_t wanted = std::min(kStepsAhead, limit_ - received_);
  // In halves, so that one message and one doorbell serve several tokens.
  if (ended_ || ahead > wanted / 2 || wanted <= ahead) return;
  last_ = device_.submit(generator_.decode_, wanted - ahead);
  queued_ += wanted - ahead;
}

std::optional<runtime::FinishedToken> Generation::next() {
  if (ended_) return std::nullopt;
  if (received_ > 0) queue_steps();
  const runtime::FinishedToken token = wait_for_token();
  ++received_;
  ended_ = token.stop != runtime::StopReason::none || received_ == limit_;
  return token;
}

runtime::FinishedToken Generation::wait_for_token() {
  auto next_check = std::chrono::steady_clock::now() + kHealthCheck;
  for (unsigned look = 0;; ++look) {
    if (const auto token = generator_.ring_.poll()) return *token;
    if (look < kLooksBeforeSleep) continue;
    std::this_thread::sleep_for(kSleep);
    if (std::chrono::steady_clock::now() < next_check) continue;
    // Throws when the card has failed. When everything is done, the token must be there.
    if (device_.wait(last_, std::chrono::milliseconds(0))) {
      if (const auto token = generator_.ring_.poll()) return *token;
      throw LlmError(ErrorCode::device, "the card finished its work without delivering a token");
    }
    next_check += kHealthCheck;
  }
}

}  // namespace redbolt::llm
