// What can be wrong with the bytes of a conversation, or with the socket that carries them.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace redbolt::protocol {

enum class ProtocolErrorCode : std::uint8_t {
  empty_message,           // a frame of length 0
  message_too_large,       // beyond max_message_size, sent or received
  truncated,               // the connection ended inside a frame
  malformed,               // the payload is not the message that was expected
  unexpected_descriptors,  // file descriptors that no message announced, or too many of them
  path_too_long,           // a socket path that does not fit sockaddr_un
  socket_failed,           // the system refused a socket operation
};

class ProtocolError : public std::runtime_error {
 public:
  ProtocolError(ProtocolErrorCode code, const std::string& message)
      : std::runtime_error(message), code_(code) {}
  ProtocolErrorCode code() const { return code_; }

 private:
  ProtocolErrorCode code_;
};

}  // namespace redbolt::protocol
