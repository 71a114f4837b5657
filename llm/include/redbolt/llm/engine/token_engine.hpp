// Tokens in, tokens out, for many requests at once: the seam between those who talk to people
// (server, chat) and the card. Requests wait in order for one of the engine's slots; what a slot
// still holds of an earlier prompt is not computed again.
//
// Threads: submit, cancel and status may be called from any thread. A request's sink is called on
// the engine's own thread, one call at a time, and must return quickly: the card waits for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "redbolt/llm/engine/sampling.hpp"
#include "redbolt/llm/engine/token_constraint.hpp"
#include "redbolt/llm/error.hpp"
#include "redbolt/llm/tokenizer/vocabulary.hpp"

namespace redbolt::llm {

struct TokenRequest {
  std::vector<TokenId> prompt = {};  // 1 .. context - 1 tokens
  SamplingOptions sampling = {};
  std::uint32_t limit = 0;  // tokens to generate at most; 0: as many as the context holds
  std::vector<TokenId> stop_tokens = {};  // the answer ends with any of them
  // Where the engine shifts a full context: tokens of the prompt that stay (the system message).
  std::uint32_t keep_tokens = 0;
  // The probabilities of the token drawn and of this many of the most probable ones (0 .. 20).
  // Nothing: none, and no logits are read back.
  std::optional<std::uint32_t> top_logprobs = {};
  std::unique_ptr<TokenConstraint> constraint = {};  // null: anything may come
};

// The natural logarithm of a token's probability, by the model's logits before penalties and mask.
struct TokenLogprob {
  TokenId token = 0;
  float logprob = 0;
};

struct GeneratedToken {
  TokenId token = 0;
  std::optional<float> logprob = {};            // if logprobs were asked for
  std::vector<TokenLogprob> alternatives = {};  // most probable first
};

enum class EndReason {
  stop_token,  // the last token delivered is one of the request's stop tokens
  limit,       // the request's limit
  context,     // the context is full
  cancelled,
  failed,  // see EndReport::error
};

struct EndReport {
  EndReason reason = EndReason::stop_token;
  std::optional<LlmError> error = {};
  std::uint32_t prompt_tokens = 0;
  std::uint32_t cached_tokens = 0;  // of them, found in the slot
  std::uint32_t generated_tokens = 0;
  std::chrono::duration<double> queued{}, prompt_time{}, decode_time{};
};

class TokenSink {
 public:
  TokenSink() = default;
  TokenSink(const TokenSink&) = delete;
  TokenSink& operator=(const TokenSink&) = delete;
  virtual ~TokenSink() = default;

  // Tokens of the prompt that have been fed (cached ones included), after each chunk.
  virtual void on_prompt(std::uint32_t done, std::uint32_t of) = 0;
  virtual void on_token(const GeneratedToken& token) = 0;
  // Once, after everything else.
  virtual void on_end(const EndReport& report) = 0;
};

using TokenRequestId = std::uint64_t;

struct SlotStatus {
  std::uint32_t slot = 0;
  std::optional<TokenRequestId> request = {};  // nothing: idle
  std::uint32_t prompt_tokens = 0;
  std::uint32_t generated_tokens = 0;
  std::uint32_t held_tokens = 0;  // positions of the KV cache that are filled
};

struct EngineStatus {
  std::vector<SlotStatus> slots = {};
  std::uint32_t waiting = 0;  // requests without a slot
  // Since the engine was made.
  std::uint64_t requests = 0, prompt_tokens = 0, cached_tokens = 0, generated_tokens = 0, steps = 0;
  std::chrono::duration<double> prompt_time{}, decode_time{};
};

class TokenEngine {
 public:
  TokenEngine() = default;
  TokenEngine(const TokenEngine&) = delete;
  TokenEngine& operator=(const TokenEngine&) = delete;
  // Ends what is running: every sink gets its on_end.
  virtual ~TokenEngine() = default;

  virtual std::uint32_t context() const = 0;  // positions of one slot
  virtual std::uint32_t slots() const = 0;

  // Throws LlmError: queue_full; context_exceeded; bad_argument.
  virtual TokenRequestId submit(TokenRequest request, std::shared_ptr<TokenSink> sink) = 0;
  // Ends a request within a token: its sink gets on_end(cancelled) unless it has ended already. An
  // id that is not known (any more) is ignored.
  virtual void cancel(TokenRequestId id) = 0;
  virtual EngineStatus status() const = 0;
};

}  // namespace redbolt::llm
