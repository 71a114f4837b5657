// Hands tokens to the card in chunks: each chunk's StepState and ids are written to shared memory
// and copied into the model's input area in the order of the submissions, so that a whole prompt
// can be queued without waiting.
#pragma once

#include <cstdint>
#include <span>

#include "redbolt/llm/engine/loaded_model.hpp"
#include "redbolt/llm/tokenizer/vocabulary.hpp"
#include "redbolt/runtime/device.hpp"

namespace redbolt::llm {

class InputFeed {
 public:
  // For prompts as long as the context. `model` must outlive the feed.
  explicit InputFeed(const LoadedModel& model);
  // With room for so many chunks: before one more, the card must have consumed the oldest.
  InputFeed(const LoadedModel& model, std::uint64_t places);

  // Starts over: the chunks handed in before have been consumed by the card.
  void reset() { next_ = 0; }
  // Queues the copy of one chunk: at most a batch of ids. `state.tokens` is set to their number.
  runtime::Fence push(runtime::StepState state, std::span<const TokenId> ids);

 private:
  const LoadedModel& model_;
  std::uint64_t place_bytes_;
  std::uint64_t places_;
  runtime::SharedBuffer staging_;
  std::uint64_t next_ = 0;
};

// Throws LlmError when a token is not one of the model's, or when there are none or more than the
// context has positions.
void check_tokens(const LoadedModel& model, std::span<const TokenId> ids);

}  // namespace redbolt::llm
