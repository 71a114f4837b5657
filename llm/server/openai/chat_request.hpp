// The body of POST /v1/chat/completions.
#pragma once

#include "server/generation/task.hpp"
#include "server/http/limits.hpp"
#include "server/json/body.hpp"
#include "server/openai/wishes.hpp"

namespace redbolt::llm::server::openai {

struct ChatRequest {
  ChatTask task = {};
  Streaming streaming = {};
};

// Fields that are not known are ignored. Throws ApiError that names the field.
ChatRequest read_chat_request(const Json& body, const Limits& limits);

}  // namespace redbolt::llm::server::openai
