// The bodies of POST /api/chat and POST /api/generate.
#pragma once

#include <variant>

#include "server/generation/task.hpp"
#include "server/http/limits.hpp"
#include "server/json/body.hpp"

namespace redbolt::llm::server::ollama {

struct Request {
  std::variant<ChatTask, TextTask> task = {};
  bool stream = true;
  // Nothing is asked: the client wants the model to be loaded.
  bool load_only = false;

  const std::string& model() const;
};

// Throws ApiError.
Request read_chat(const Json& body, const Limits& limits);
Request read_generate(const Json& body, const Limits& limits);

}  // namespace redbolt::llm::server::ollama
