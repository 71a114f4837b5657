#include "server/ollama/errors.hpp"

namespace redbolt::llm::server::ollama {

Json error_body(const ApiError& error) {
  return {{"error", error.what()}};
}

}  // namespace redbolt::llm::server::ollama
