// How an answer is drawn when a request does not say: what those who come from another server
// expect.
#pragma once

#include "redbolt/llm/engine/sampling.hpp"

namespace redbolt::llm::server {

// llama-server's (its README, "Sampling params").
inline SamplingOptions openai_sampling_defaults() {
  SamplingOptions sampling;
  sampling.temperature = 0.8F;
  sampling.top_k = 40;
  sampling.top_p = 0.95F;
  sampling.min_p = 0.05F;
  sampling.repeat_penalty = 1;
  sampling.repeat_last_n = 64;
  return sampling;
}

// Ollama's (docs/modelfile.md, "Valid Parameters and Values").
inline SamplingOptions ollama_sampling_defaults() {
  SamplingOptions sampling;
  sampling.temperature = 0.8F;
  sampling.top_k = 40;
  sampling.top_p = 0.9F;
  sampling.min_p = 0;
  sampling.repeat_penalty = 1.1F;
  sampling.repeat_last_n = 64;
  return sampling;
}

}  // namespace redbolt::llm::server
