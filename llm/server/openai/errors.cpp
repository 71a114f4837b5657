#include "server/openai/errors.hpp"

namespace redbolt::llm::server::openai {

Json error_body(const ApiError& error) {
  const auto or_null = [](const std::optional<std::string>& text) {
    return text ? Json(*text) : Json(nullptr);
  };
  Json body = {{"error",
                {{"message", error.what()},
                 {"type", error.type},
                 {"param", or_null(error.param)},
                 {"code", or_null(error.code)}}}};
  if (error.progress) body["error"]["progress"] = *error.progress;
  return body;
}

}  // namespace redbolt::llm::server::openai
