// What goes wrong in the engine, as the client is told.
#pragma once

#include <cstddef>
#include <string>

#include "redbolt/llm/error.hpp"
#include "server/api_error.hpp"

namespace redbolt::llm::server {

// 429, 400 or 500, by the code.
ApiError to_api_error(const LlmError& error, const std::string& prompt_field);

ApiError context_exceeded(const std::string& prompt_field, std::size_t tokens, std::size_t context);

}  // namespace redbolt::llm::server
