// A Unix socket and its file.
#pragma once

#include "listener.hpp"
#include "redbolt/base/listening_file.hpp"

namespace redbolt::emulator {

class UnixListener final : public Listener {
 public:
  explicit UnixListener(const UnixAddress& address);
  int descriptor() const override { return file_.descriptor(); }
  SocketStream::Kind kind() const override { return SocketStream::Kind::unix_socket; }
  std::string address() const override { return "unix:" + path_.string(); }

 private:
  const std::filesystem::path path_;
  ListeningFile file_;
};

}  // namespace redbolt::emulator
