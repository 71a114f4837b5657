// Sockets that listen. A Unix socket's file is for its user alone (0600), and goes with the object;
// that of a dead server is replaced, that of a living one never.
//
// Threads: one at a time.
#pragma once

#include <memory>
#include <string>

#include "redbolt/emulator/server.hpp"
#include "socket_stream.hpp"

namespace redbolt::emulator {

class Listener {
 public:
  virtual ~Listener() = default;
  // Non-blocking, listening.
  virtual int descriptor() const = 0;
  virtual SocketStream::Kind kind() const = 0;
  // As for --listen, with the port that the system chose.
  virtual std::string address() const = 0;
};

// Throws ServerError.
std::unique_ptr<Listener> listen_on(const ListenAddress& address);

}  // namespace redbolt::emulator
