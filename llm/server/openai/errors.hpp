// Errors as OpenAI writes them: {"error": {"message", "type", "param", "code"}}.
#pragma once

#include "server/api_error.hpp"
#include "server/http/message.hpp"
#include "server/json/body.hpp"

namespace redbolt::llm::server::openai {

Json error_body(const ApiError& error);

}  // namespace redbolt::llm::server::openai
