#include "server/generation/engine_errors.hpp"

namespace redbolt::llm::server {

ApiError to_api_error(const LlmError& error, const std::string& prompt_field) {
  if (error.code() == ErrorCode::queue_full) {
    ApiError full(429, "Too many requests are waiting already. Try again in a few seconds.");
    full.type = "rate_limit_error";
    full.code = "queue_full";
    full.retry_after = std::chrono::seconds(2);
    return full;
  }
  if (error.code() == ErrorCode::context_exceeded) {
    ApiError refused(400, error.what());
    refused.param = prompt_field;
    refused.code = "context_length_exceeded";
    return refused;
  }
  if (error.code() == ErrorCode::bad_argument) {
    ApiError refused(400, error.what());
    refused.code = "bad_argument";
    return refused;
  }
  ApiError failed(500, error.what());
  failed.type = "server_error";
  failed.code = std::string(to_string(error.code()));
  return failed;
}

ApiError context_exceeded(const std::string& prompt_field, std::size_t tokens,
                          std::size_t context) {
  ApiError refused(400, "The prompt has " + std::to_string(tokens) +
                            " tokens, but the context holds " + std::to_string(context) +
                            ", prompt and answer together. Shorten it, or start the server with a "
                            "larger --ctx.");
  refused.param = prompt_field;
  refused.code = "context_length_exceeded";
  return refused;
}

}  // namespace redbolt::llm::server
