// The body of POST /v1/completions.
#pragma once

#include <vector>

#include "server/generation/task.hpp"
#include "server/http/limits.hpp"
#include "server/json/body.hpp"
#include "server/openai/wishes.hpp"

namespace redbolt::llm::server::openai {

struct CompletionRequest {
  TextTask task = {};
  Streaming streaming = {};
  bool echo = false;
};

// Throws ApiError. One prompt: a string, tokens, or an array with one string.
CompletionRequest read_completion_request(const Json& body, const Limits& limits);

}  // namespace redbolt::llm::server::openai
