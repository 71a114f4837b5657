// What a client is told when its request is not answered. Each API writes it in its own form
// (openai/errors.hpp, ollama/errors.hpp).
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

namespace redbolt::llm::server {

class ApiError : public std::runtime_error {
 public:
  ApiError(unsigned http_status, const std::string& message)
      : std::runtime_error(message), status(http_status) {}

  unsigned status;
  std::string type = "invalid_request_error";
  std::optional<std::string> param = {};  // the field, such as "messages[0].content"
  std::optional<std::string> code = {};   // stable, such as "invalid_type"
  std::optional<std::chrono::seconds> retry_after = {};
  std::optional<double> progress = {};  // of what is waited for, 0 .. 1
  // The connection cannot go on: what follows on it is not known to be a request.
  bool close = false;
};

// A value of the wrong kind (400, "invalid_type") or out of range ("invalid_value").
ApiError invalid_type(const std::string& param, const std::string& expected,
                      const std::string& got);
ApiError invalid_value(const std::string& param, const std::string& why);
ApiError missing_field(const std::string& param);
// Told to whoever is still being answered when the server ends (503).
ApiError server_stopping();
// Something that is understood and not done here (400, "unsupported").
ApiError unsupported(const std::optional<std::string>& param, const std::string& why);

}  // namespace redbolt::llm::server
