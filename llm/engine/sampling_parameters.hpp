// From what a request asks of the draw to what the card is given: the one place where the two meet.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "redbolt/llm/engine/sampling.hpp"
#include "redbolt/llm/tokenizer/vocabulary.hpp"
#include "redbolt/runtime/step_state.hpp"

namespace redbolt::llm {

// What of a request, besides its options, decides how its slot draws.
struct SamplingContext {
  std::span<const TokenId> stop_tokens = {};       // at most runtime::max_stop_tokens
  std::uint32_t prompt_tokens = 0;                 // where the answer begins
  std::optional<std::uint32_t> top_logprobs = {};  // 0 .. runtime::max_top_logprobs
  bool masked = false;                             // it has a TokenConstraint
};

// Throws LlmError{bad_argument} that names the option: a number that is not one or is out of range,
// a biased token that the model does not have, too many entries.
void check_sampling(const SamplingOptions& options, const SamplingContext& context,
                    std::uint32_t vocabulary);

// Of options that check_sampling() lets pass.
runtime::SamplingParameters sampling_parameters(const SamplingOptions& options,
                                                const SamplingContext& context);

// The entries of the slot's list of biases, SamplingParameters::bias_count many: each token once,
// with the last bias that was given for it.
std::vector<runtime::LogitBias> logit_biases(const SamplingOptions& options);

// How many of the prompt's last tokens the slot's history must hold before the first draw.
std::uint32_t history_needed(const SamplingOptions& options, std::uint32_t prompt_tokens);

}  // namespace redbolt::llm
