#include "engine/asked_back.hpp"

namespace redbolt::llm {

std::optional<std::string> asked_back(runtime::Device& device) {
  const auto request = device.release_request();
  if (!request) return std::nullopt;
  std::string message = "stopped, and the card given back: " + request->command + " (pid " +
                        std::to_string(request->pid) + ") asked for it";
  if (!request->reason.empty()) message += ": " + request->reason;
  return message;
}

}  // namespace redbolt::llm
