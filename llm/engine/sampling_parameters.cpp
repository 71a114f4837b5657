#include "engine/sampling_parameters.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <string>

#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

struct NumberRule {
  const char* name;
  float SamplingOptions::*field;
  float least;
  float most;
};

// OpenAI's penalties lie within 2 of 0; other clients send more, and more does no harm.
constexpr float kAny = 1e6F;
constexpr NumberRule kNumbers[] = {
    {"temperature", &SamplingOptions::temperature, 0, kAny},
    {"top_p", &SamplingOptions::top_p, 0, kAny},
    {"min_p", &SamplingOptions::min_p, 0, 1},
    {"repeat_penalty", &SamplingOptions::repeat_penalty, 1e-6F, kAny},
    {"presence_penalty", &SamplingOptions::presence_penalty, -kAny, kAny},
    {"frequency_penalty", &SamplingOptions::frequency_penalty, -kAny, kAny},
};

[[noreturn]] void refuse(const std::string& what) {
  throw LlmError(ErrorCode::bad_argument, what);
}

void check_count(std::size_t count, std::size_t most, const char* what) {
  if (count > most) refuse("at most " + std::to_string(most) + " " + what + " are possible");
}

}  // namespace

void check_sampling(const SamplingOptions& options, const SamplingContext& context,
                    std::uint32_t vocabulary) {
  for (const NumberRule& rule : kNumbers) {
    const float value = options.*rule.field;
    // Written so that what is not a number is refused too.
    if (!(value >= rule.least && value <= rule.most)) {
      std::ostringstream message;
      message << rule.name << " must be between " << rule.least << " and " << rule.most;
      refuse(message.str());
    }
  }
  check_count(context.stop_tokens.size(), runtime::max_stop_tokens, "stop tokens");
  check_count(options.logit_bias.size(), runtime::max_logit_biases, "entries of logit_bias");
  check_count(context.top_logprobs.value_or(0), runtime::max_top_logprobs, "top_logprobs");
  for (const TokenBias& entry : options.logit_bias) {
    if (entry.token >= vocabulary) {
      refuse("logit_bias names token " + std::to_string(entry.token) + ", and the model has " +
             std::to_string(vocabulary));
    }
    if (!std::isfinite(entry.bias)) {
      refuse("the logit_bias of token " + std::to_string(entry.token) + " is not a number");
    }
  }
}

runtime::SamplingParameters sampling_parameters(const SamplingOptions& options,
                                                const SamplingContext& context) {
  runtime::SamplingParameters parameters{};
  parameters.temperature = options.temperature;
  parameters.top_k = options.top_k;
  parameters.top_p = options.top_p;
  parameters.min_p = options.min_p;
  parameters.seed_low = static_cast<std::uint32_t>(options.seed);
  parameters.seed_high = static_cast<std::uint32_t>(options.seed >> 32);
  parameters.repeat_penalty = options.repeat_penalty;
  parameters.repeat_last_n = options.repeat_last_n;
  parameters.presence_penalty = options.presence_penalty;
  parameters.frequency_penalty = options.frequency_penalty;
  parameters.answer_start = context.prompt_tokens;
  parameters.bias_count = static_cast<std::uint32_t>(logit_biases(options).size());
  parameters.masked = context.masked ? 1 : 0;
  parameters.logprobs = context.top_logprobs ? 1 + *context.top_logprobs : 0;
  parameters.stop_count = static_cast<std::uint32_t>(context.stop_tokens.size());
  std::ranges::copy(context.stop_tokens, parameters.stop_tokens);
  return parameters;
}

std::vector<runtime::LogitBias> logit_biases(const SamplingOptions& options) {
  std::map<TokenId, float> by_token;
  for (const TokenBias& entry : options.logit_bias) by_token[entry.token] = entry.bias;
  std::vector<runtime::LogitBias> biases;
  for (const auto& [token, bias] : by_token) biases.push_back({token, bias});
  return biases;
}

std::uint32_t history_needed(const SamplingOptions& options, std::uint32_t prompt_tokens) {
  if (options.repeat_penalty == 1) return 0;
  return std::min(options.repeat_last_n, prompt_tokens);
}

}  // namespace redbolt::llm
