// Errors as Ollama writes them: {"error": "a sentence"}.
#pragma once

#include "server/api_error.hpp"
#include "server/json/body.hpp"

namespace redbolt::llm::server::ollama {

Json error_body(const ApiError& error);

}  // namespace redbolt::llm::server::ollama
