// How answers are drawn and shown: one table of parameters for the flags of run and chat, and for
// chat's /set and /show.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/llm/chat/conversation.hpp"
#include "redbolt/llm/engine/sampling.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::llm::cli {

struct AnswerSettings {
  SamplingOptions sampling = {};             // without seed and logit_bias, which are below
  std::optional<std::uint64_t> seed = {};    // nothing: drawn for each answer
  std::vector<std::string> logit_bias = {};  // "TOKEN=BIAS"
  std::vector<std::string> stops = {};
  std::uint32_t limit = 0;  // tokens of an answer; 0: as many as the context holds
  Thinking thinking = Thinking::model_default;
  bool hide_thinking = false;
};

struct Parameter {
  std::string_view name;   // as Ollama and OpenAI call it: "top_k"
  std::string_view flags;  // as the command line does: "--top-k"
  std::string_view variable;
  std::string_view value_name;
  std::string_view description;
  std::string_view range;  // "a number from 0 to 1"
  // False, and nothing changed, where the text is not in the range.
  bool (*set)(AnswerSettings& settings, const std::string& text);
  std::string (*get)(const AnswerSettings& settings);
};

std::span<const Parameter> answer_parameters();
// By its name, or by one of its flags without dashes; nullptr where there is none.
const Parameter* find_parameter(std::string_view name);

// What the engine is asked for: with a seed, and the biases as tokens of this model. Throws
// UsageError for a bias that is no "TOKEN=NUMBER", or whose text is not one token.
SamplingOptions sampling_for(const AnswerSettings& settings, const Tokenizer& tokenizer);

}  // namespace redbolt::llm::cli
