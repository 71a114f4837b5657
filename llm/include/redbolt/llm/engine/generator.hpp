// Generates text token by token. The decode graph is recorded once and replayed; the state that
// changes from token to token lives on the card, several steps are queued ahead, and the host only
// follows the ring of finished tokens in its own memory: no register is read and at most one
// doorbell rung per token.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "redbolt/llm/engine/input_feed.hpp"
#include "redbolt/llm/engine/loaded_model.hpp"
#include "redbolt/llm/engine/sampling.hpp"
#include "redbolt/llm/tokenizer/vocabulary.hpp"
#include "redbolt/runtime/device.hpp"
#include "redbolt/runtime/token_ring.hpp"

namespace redbolt::llm {

struct GenerationRequest {
  std::vector<TokenId> prompt;
  SamplingOptions sampling;
  std::uint32_t limit = 1;           // tokens to generate at most, at least 1
  std::vector<TokenId> stop_tokens;  // an answer ends with any of them; at most max_stop_tokens
};

// How far the card may run ahead of the host.
inline constexpr std::uint32_t kStepsAhead = 8;

class Generator {
 public:
  // Compiles and records what generation needs. `model` must outlive the generator.
  explicit Generator(const LoadedModel& model, const runtime::Device::LoadProgress& progress = {});

  const runtime::LoadReport& kernels() const { return kernels_; }
  // Dispatches that one decoded token takes.
  std::size_t dispatches_per_token() const { return decode_.dispatches(); }

 private:
  friend class Generation;

  const LoadedModel& model_;
  runtime::SharedBuffer ring_memory_;
  runtime::TokenRing ring_;
  InputFeed feed_;
  runtime::LoadReport kernels_;
  runtime::ExecutableGraph prefill_, first_token_, decode_;
};

// One answer being generated; at most one at a time per generator. Made by feeding the prompt,
// ended by a stop token, the limit or the end of the context. One thread.
class Generation {
 public:
  // Throws LlmError when the request does not suit the model or its context.
  Generation(Generator& generator, const GenerationRequest& request);
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;
  // Waits until the card has done what is queued.
  ~Generation();

  // The next token, waited for; after the last one nothing. `stop` of a token says whether and why
  // it is the last; a stop token is part of what is returned. Only the call that asks for the
  // second token starts decoding.
  std::optional<runtime::FinishedToken> next();
  // Queues decode steps now rather than when the second token is asked for.
  void queue_steps();

 private:
  void upload_sampling(const GenerationRequest& request);
  void feed(const GenerationRequest& request);
  runtime::FinishedToken wait_for_token();

  Generator& generator_;
  runtime::Device& device_;
  std::uint32_t limit_;
  std::uint32_t queued_ = 0;    // tokens that the submissions so far will draw
  std::uint32_t received_ = 0;  // of them, seen in the ring
  bool ended_ = false;
  runtime::Fence last_;
};

}  // namespace redbolt::llm
