// What can go wrong in the runtime itself (the daemon's refusals stay client::ClientError): one
// exception type with a stable code and a sentence for the user.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace redbolt::runtime {

enum class RuntimeErrorCode : std::uint8_t {
  invalid_argument,       // a shape or a view that an operation cannot take
  unsupported_target,     // no device code for this card
  finaliser_unavailable,  // the compiler library could not be loaded
  compilation_failed,     // the compiler refused the device code
  bad_code_object,        // what the compiler made cannot be loaded
  cache_unusable,         // the cache folder can neither be read nor written
  timeout,                // the card did not finish in time
};

// The code's name, as spelled above: "invalid_argument".
const char* to_string(RuntimeErrorCode code);

class RuntimeError : public std::runtime_error {
 public:
  RuntimeError(RuntimeErrorCode code, const std::string& message)
      : std::runtime_error(message), code_(code) {}

  RuntimeErrorCode code() const { return code_; }

 private:
  RuntimeErrorCode code_;
};

}  // namespace redbolt::runtime
