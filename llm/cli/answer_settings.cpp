#include "cli/answer_settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <type_traits>

#include "cli/usage_error.hpp"
#include "redbolt/llm/engine/memory_plan.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {
namespace {

// The whole text as a finite number within the bounds.
template <class T>
bool parse(const std::string& text, T minimum, T maximum, T& into) {
  T value{};
  const char* const begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) return false;
  }
  if (value < minimum || value > maximum) return false;
  into = value;
  return true;
}

template <class T>
std::string shown(T value) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

constexpr float kLargestPenalty = 2;  // as OpenAI has it

constexpr std::array<Parameter, 11> kParameters = {{
    {"temperature", "--temp,--temperature", "REDBOLT_TEMP", "T",
     "Temperature; 0 takes the most probable token (default)", "a number from 0 to 100",
     [](AnswerSettings& s, const std::string& t) {
       return parse(t, 0.0F, 100.0F, s.sampling.temperature);
     },
     [](const AnswerSettings& s) { return shown(s.sampling.temperature); }},
    {"seed", "--seed", "REDBOLT_SEED", "N",
     "Seed of the draws; the same seed gives the same answer", "a whole number",
     [](AnswerSettings& s, const std::string& t) {
       std::uint64_t seed = 0;
       if (!parse<std::uint64_t>(t, 0, UINT64_MAX, seed)) return false;
       s.seed = seed;
       return true;
     },
     [](const AnswerSettings& s) { return s.seed ? shown(*s.seed) : "drawn"; }},
    {"top_k", "--top-k", "REDBOLT_TOP_K", "K",
     "Draw among the K most probable tokens; 0: all (default 40)", "a whole number",
     [](AnswerSettings& s, const std::string& t) {
       return parse<std::uint32_t>(t, 0, INT32_MAX, s.sampling.top_k);
     },
     [](const AnswerSettings& s) { return shown(s.sampling.top_k); }},
    {"top_p", "--top-p", "REDBOLT_TOP_P", "P",
     "Draw among the tokens that make up this probability (default 0.95)", "a number from 0 to 1",
     [](AnswerSettings& s, const std::string& t) { return parse(t, 0.0F, 1.0F, s.sampling.top_p); },
     [](const AnswerSettings& s) { return shown(s.sampling.top_p); }},
    {"min_p", "--min-p", "REDBOLT_MIN_P", "P",
     "Draw no token less than P times as probable as the best (default 0.05)",
     "a number from 0 to 1",
     [](AnswerSettings& s, const std::string& t) { return parse(t, 0.0F, 1.0F, s.sampling.min_p); },
     [](const AnswerSettings& s) { return shown(s.sampling.min_p); }},
    {"repeat_penalty", "--repeat-penalty", "REDBOLT_REPEAT_PENALTY", "R",
     "Make tokens among the last ones less probable; 1: no (default)", "a number from 0.01 to 100",
     [](AnswerSettings& s, const std::string& t) {
       return parse(t, 0.01F, 100.0F, s.sampling.repeat_penalty);
     },
     [](const AnswerSettings& s) { return shown(s.sampling.repeat_penalty); }},
    {"repeat_last_n", "--repeat-last-n", "REDBOLT_REPEAT_LAST_N", "N",
     "How many tokens back the repeat penalty looks (default 64)", "a whole number",
     [](AnswerSettings& s, const std::string& t) {
       return parse<std::uint32_t>(t, 0, kMaximumContext, s.sampling.repeat_last_n);
     },
     [](const AnswerSettings& s) { return shown(s.sampling.repeat_last_n); }},
    {"presence_penalty", "--presence-penalty", "REDBOLT_PRESENCE_PENALTY", "P",
     "Taken once from the logits of the answer's tokens (default 0)", "a number from -2 to 2",
     [](AnswerSettings& s, const std::string& t) {
       return parse(t, -kLargestPenalty, kLargestPenalty, s.sampling.presence_penalty);
     },
     [](const AnswerSettings& s) { return shown(s.sampling.presence_penalty); }},
    {"frequency_penalty", "--frequency-penalty", "REDBOLT_FREQUENCY_PENALTY", "P",
     "The same for each time that a token came (default 0)", "a number from -2 to 2",
     [](AnswerSettings& s, const std::string& t) {
       return parse(t, -kLargestPenalty, kLargestPenalty, s.sampling.frequency_penalty);
     },
     [](const AnswerSettings& s) { return shown(s.sampling.frequency_penalty); }},
    {"num_predict", "-n,--tokens", "REDBOLT_TOKENS", "N",
     "Generate at most N tokens (default: until the answer ends)", "a whole number, at least 1",
     [](AnswerSettings& s, const std::string& t) {
       return parse<std::uint32_t>(t, 1, kMaximumContext, s.limit);
     },
     [](const AnswerSettings& s) { return s.limit == 0 ? "until it ends" : shown(s.limit); }},
    {"stop", "--stop", "REDBOLT_STOP", "TEXT",
     "End the answer before this text; may be given several times", "a text",
     [](AnswerSettings& s, const std::string& t) {
       if (t.empty()) return false;
       s.stops.push_back(t);
       return true;
     },
     [](const AnswerSettings& s) {
       std::string text;
       for (const std::string& stop : s.stops)
         text += (text.empty() ? "'" : ", '") + printable(stop) + "'";
       return text.empty() ? "none" : text;
     }},
}};

// A token's id, or a text that is one token.
TokenId token_of(const std::string& text, const Tokenizer& tokenizer) {
  TokenId id = 0;
  const auto size = static_cast<TokenId>(tokenizer.vocabulary().size());
  if (parse<TokenId>(text, 0, std::numeric_limits<TokenId>::max(), id)) {
    if (id < size) return id;
    throw UsageError("--logit-bias: the model has no token " + text);
  }
  const auto ids = tokenizer.encode(text, SpecialTokens::all);
  if (ids.size() == 1) return ids.front();
  throw UsageError("--logit-bias: '" + printable(text) + "' is " + std::to_string(ids.size()) +
                   " tokens, not one");
}

TokenBias bias_of(const std::string& text, const Tokenizer& tokenizer) {
  const std::size_t at = text.rfind('=');
  TokenBias bias;
  if (at == std::string::npos || at == 0 || !parse(text.substr(at + 1), -100.0F, 100.0F, bias.bias))
    throw UsageError(
        "--logit-bias takes TOKEN=BIAS, such as 42=-100, with a number from -100 to 100; '" +
        printable(text) + "' is not that");
  bias.token = token_of(text.substr(0, at), tokenizer);
  return bias;
}

}  // namespace

std::span<const Parameter> answer_parameters() {
  return kParameters;
}

const Parameter* find_parameter(std::string_view name) {
  for (const Parameter& parameter : kParameters) {
    if (parameter.name == name) return &parameter;
    std::string_view flags = parameter.flags;
    while (!flags.empty()) {
      const std::size_t comma = std::min(flags.find(','), flags.size());
      const std::string_view flag = flags.substr(0, comma);
      if (flag.substr(std::min(flag.find_first_not_of('-'), flag.size())) == name)
        return &parameter;
      flags.remove_prefix(std::min(comma + 1, flags.size()));
    }
  }
  return nullptr;
}

SamplingOptions sampling_for(const AnswerSettings& settings, const Tokenizer& tokenizer) {
  SamplingOptions sampling = settings.sampling;
  for (const std::string& text : settings.logit_bias)
    sampling.logit_bias.push_back(bias_of(text, tokenizer));
  if (settings.seed) {
    sampling.seed = *settings.seed;
  } else if (sampling.temperature > 0) {
    std::random_device source;
    sampling.seed = std::uint64_t{source()} << 32 | source();
  }
  return sampling;
}

}  // namespace redbolt::llm::cli
