// A service manager's end of the notification protocol: a datagram socket that keeps what it is
// told.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>

#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::test {

class NotifySocket {
 public:
  // name: a path, or '@' and the name of an abstract socket.
  explicit NotifySocket(const std::string& name)
      : name_(name), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0)
      throw std::runtime_error("bind " + name);
  }

  const std::string& name() const { return name_; }

  // The next message, or nothing after `patience`.
  std::optional<std::string> next(std::chrono::milliseconds patience) {
    pollfd ready{socket_.get(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(patience.count())) != 1) return std::nullopt;
    std::string text(4096, '\0');
    const auto size = ::recv(socket_.get(), text.data(), text.size(), 0);
    if (size < 0) return std::nullopt;
    text.resize(static_cast<std::size_t>(size));
    return text;
  }

 private:
  std::string name_;
  FileDescriptor socket_;
};

}  // namespace redbolt::test
