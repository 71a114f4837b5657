// A Unix socket and its file.
#pragma once

#include <sys/types.h>

#include "listener.hpp"
#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::emulator {

class UnixListener final : public Listener {
 public:
  explicit UnixListener(const UnixAddress& address);
  ~UnixListener() override;
  int descriptor() const override { return socket_.get(); }
  SocketStream::Kind kind() const override { return SocketStream::Kind::unix_socket; }
  std::string address() const override { return "unix:" + path_.string(); }

 private:
  const std::filesystem::path path_;
  FileDescriptor socket_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace redbolt::emulator
