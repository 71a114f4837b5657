// The body of POST /v1/completions.
#pragma once

#include <vector>

#include "server/generation/task.hpp"
#include "server/http/limits.hpp"
#include "server/json/body.hpp"
#include "server/openai/wishes.hpp"

namespace redbolt::llm::server::openai {

struct CompletionRequest {
  TextTask task = {};  // but for the prompt
  std::vector<RawPrompt> prompts = {};
  Streaming streaming = {};
  bool echo = false;
};

// Throws ApiError. A prompt is a string or an array of tokens; there may be an array of prompts.
CompletionRequest read_completion_request(const Json& body, const Limits& limits);

}  // namespace redbolt::llm::server::openai
