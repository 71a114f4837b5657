// A TCP port.
#pragma once

#include "listener.hpp"
#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::emulator {

class TcpListener final : public Listener {
 public:
  explicit TcpListener(const TcpAddress& address);
  int descriptor() const override { return socket_.get(); }
  SocketStream::Kind kind() const override { return SocketStream::Kind::tcp; }
  std::string address() const override;

 private:
  TcpAddress address_;
  FileDescriptor socket_;
};

}  // namespace redbolt::emulator
