#include "server/api_error.hpp"

namespace redbolt::llm::server {
namespace {

ApiError about(const std::optional<std::string>& param, const char* code,
               const std::string& message) {
  ApiError error(400, message);
  error.param = param;
  error.code = code;
  return error;
}

}  // namespace

ApiError invalid_type(const std::string& param, const std::string& expected,
                      const std::string& got) {
  return about(param, "invalid_type",
               "Invalid type for '" + param + "': expected " + expected + ", but got " + got + ".");
}

ApiError invalid_value(const std::string& param, const std::string& why) {
  return about(param, "invalid_value", "Invalid value for '" + param + "': " + why + ".");
}

ApiError missing_field(const std::string& param) {
  return about(param, "missing_required_parameter", "Missing required parameter: '" + param + "'.");
}

ApiError server_stopping() {
  ApiError error(503, "The server is stopping.");
  error.type = "unavailable_error";
  error.code = "server_stopping";
  error.retry_after = std::chrono::seconds(1);
  error.close = true;
  return error;
}

ApiError unsupported(const std::optional<std::string>& param, const std::string& why) {
  return about(param, "unsupported", why);
}

}  // namespace redbolt::llm::server
