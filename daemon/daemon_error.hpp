// A refusal as it goes to the client: the protocol's Error message as an exception.
#pragma once

#include <redbolt/protocol/messages.pb.h>

#include <exception>
#include <stdexcept>
#include <string>

#include "redbolt/base/quantity.hpp"

namespace redbolt::daemon {

class DaemonError : public std::runtime_error {
 public:
  explicit DaemonError(protocol::Error error)
      : std::runtime_error(error.message()), error_(std::move(error)) {}
  DaemonError(protocol::ErrorCode code, const std::string& message);

  protocol::ErrorCode code() const { return error_.code(); }
  const protocol::Error& error() const { return error_; }

 private:
  protocol::Error error_;
};

// message may quote what clients sent: it is made printable.
protocol::Error make_error(protocol::ErrorCode code, const std::string& message);

DaemonError invalid_argument(const std::string& message);
DaemonError not_found(const std::string& message);
DaemonError limit_exceeded(const std::string& message);
// kept: what could not give way, for the message; may be empty.
DaemonError out_of_memory(const std::string& what, Bytes asked, Bytes free, Bytes largest_free,
                          const std::string& kept = {});

// What an exception of any part means to a client. Never throws; what is not ours is `internal`.
protocol::Error describe(std::exception_ptr exception);

}  // namespace redbolt::daemon
