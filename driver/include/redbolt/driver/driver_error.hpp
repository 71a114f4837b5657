// What can go wrong with a card, as one exception type: what happened, in which step, at which
// register.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace redbolt::driver {

enum class DriverErrorCode : std::uint8_t {
  unsupported_card,    // not a card this driver knows
  invalid_discovery,   // the card's IP discovery table is damaged or contradicts itself
  timeout,             // the card did not answer in time
  firmware_refused,    // the security processor refused a piece of firmware
  command_refused,     // the security processor or power controller refused a command
  link_lost,           // the card no longer answers on the bus
  out_of_vram,         // no free video memory (or address space) of this size
  out_of_host_memory,  // no host memory the card can reach
  unsupported_kernel,  // the kernel wants something this card or driver does not offer
  invalid_argument,    // a size, address or count that cannot be right
  out_of_contexts,     // all VM contexts are in use
  card_fault,          // the card reported a fault (bad address, illegal instruction, ...)
};

// The stable text form of a code, for logs and tests ("invalid_discovery").
const char* to_string(DriverErrorCode code);

class DriverError : public std::runtime_error {
 public:
  // step: what the driver was doing ("start security processor"); register_name: the register it
  // was waiting for, empty if none. what() is one sentence made of all of them.
  DriverError(DriverErrorCode code, std::string step, std::string register_name,
              const std::string& problem);

  DriverErrorCode code() const { return code_; }
  const std::string& step() const { return step_; }
  const std::string& register_name() const { return register_name_; }

 private:
  DriverErrorCode code_;
  std::string step_;
  std::string register_name_;
};

}  // namespace redbolt::driver
