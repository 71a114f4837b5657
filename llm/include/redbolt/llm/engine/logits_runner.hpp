// The logits of given tokens, without sampling: for comparisons with other implementations.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "redbolt/llm/engine/input_feed.hpp"
#include "redbolt/llm/engine/loaded_model.hpp"

namespace redbolt::llm {

// How tokens are fed: in batches, as a prompt is, or one at a time, as decode does.
enum class Feeding { batched, token_by_token };

class LogitsRunner {
 public:
  // The model's shape must have all_logits set if all rows are asked for in batches.
  // `model` must outlive the runner.
  LogitsRunner(const LoadedModel& model, Feeding feeding,
               const runtime::Device::LoadProgress& progress = {});

  // Called with one row of the vocabulary's size after the other.
  using OnRow = std::function<void(std::span<const float>)>;

  // The rows of every token, or of the last alone. Throws LlmError for tokens that do not suit the
  // model or its context.
  void run(std::span<const TokenId> tokens, bool all, const OnRow& on_row);

 private:
  void run_batched(std::span<const TokenId> tokens, bool all, const OnRow& on_row);
  void run_token_by_token(std::span<const TokenId> tokens, bool all, const OnRow& on_row);
  void deliver_rows(std::size_t count, const OnRow& on_row);

  const LoadedModel& model_;
  Feeding feeding_;
  InputFeed feed_;
  runtime::ExecutableGraph prefill_, last_row_, all_rows_, step_;
  std::vector<float> rows_;
};

}  // namespace redbolt::llm
