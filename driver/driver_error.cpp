#include "redbolt/driver/driver_error.hpp"

#include <array>
#include <utility>

namespace redbolt::driver {
namespace {

std::string sentence(const std::string& step, const std::string& register_name,
                     const std::string& problem) {
  std::string text = step.empty() ? problem : step + ": " + problem;
  if (!register_name.empty()) text += " (register " + register_name + ")";
  return text;
}

}  // namespace

const char* to_string(DriverErrorCode code) {
  constexpr std::array names = {"unsupported_card", "invalid_discovery",  "timeout",
                                "firmware_refused", "command_refused",    "link_lost",
                                "out_of_vram",      "out_of_host_memory", "unsupported_kernel",
                                "invalid_argument", "out_of_contexts",    "card_fault"};
  const auto index = static_cast<std::size_t>(code);
  return index < names.size() ? names[index] : "unknown";
}

DriverError::DriverError(DriverErrorCode code, std::string step, std::string register_name,
                         const std::string& problem)
    : std::runtime_error(sentence(step, register_name, problem)),
      code_(code),
      step_(std::move(step)),
      register_name_(std::move(register_name)) {}

}  // namespace redbolt::driver
