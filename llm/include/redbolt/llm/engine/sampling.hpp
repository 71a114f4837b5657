// How the next token is drawn. All of it happens on the card; docs/runtime.md has the exact meaning
// and order of the steps.
#pragma once

#include <cstdint>
#include <vector>

#include "redbolt/llm/tokenizer/vocabulary.hpp"

namespace redbolt::llm {

// Added to a token's logit before anything else; -100 or less forbids the token, as OpenAI has it.
struct TokenBias {
  TokenId token = 0;
  float bias = 0;
};

struct SamplingOptions {
  float temperature = 0;  // 0: the most probable token
  std::uint32_t top_k = 40;
  float top_p = 0.95F;
  float min_p = 0.05F;
  std::uint64_t seed = 0;
  // Tokens among the last repeat_last_n (prompt and answer): their logit is divided by the repeat
  // penalty where positive, multiplied where negative; 1 does nothing. The other two are OpenAI's,
  // over the answer's own tokens: subtracted once, and once per occurrence.
  float repeat_penalty = 1;
  std::uint32_t repeat_last_n = 64;
  float presence_penalty = 0;
  float frequency_penalty = 0;
  std::vector<TokenBias> logit_bias = {};
};

}  // namespace redbolt::llm
