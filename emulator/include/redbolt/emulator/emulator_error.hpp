// What the emulated card throws at its boundary.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace redbolt::emulator {

enum class EmulatorErrorCode : std::uint8_t {
  unknown_option,    // a key of the option string that does not exist
  bad_option,        // a value that cannot be used
  no_host_resource,  // the host refused memory or a thread
};

class EmulatorError : public std::runtime_error {
 public:
  EmulatorError(EmulatorErrorCode code, const std::string& message)
      : std::runtime_error(message), code_(code) {}
  EmulatorErrorCode code() const { return code_; }

 private:
  EmulatorErrorCode code_;
};

}  // namespace redbolt::emulator
