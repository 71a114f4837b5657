// How a served model is, in a word.
#pragma once

#include "server/models/served_model.hpp"

namespace redbolt::llm::server {

// "loading", "ready" or "failed".
inline const char* model_state(const ServedModel& model) {
  if (model.is_ready()) return "ready";
  return model.failure().empty() ? "loading" : "failed";
}

}  // namespace redbolt::llm::server
