#include "redbolt/protocol/socket_io.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

#include "redbolt/protocol/frame.hpp"

namespace redbolt::protocol {
namespace {

// Room for more than is allowed, so that a flood is seen (and closed) rather than cut off silently.
constexpr std::size_t received_descriptor_slots = 2 * max_descriptors;

#ifdef MSG_CMSG_CLOEXEC
constexpr int receive_flags = MSG_CMSG_CLOEXEC;
#else
constexpr int receive_flags = 0;
#endif
#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;
#else
constexpr int send_flags = 0;  // macOS: SO_NOSIGPIPE on the socket, set by make_socket and accept
#endif

[[noreturn]] void fail(const char* operation) {
  throw ProtocolError(ProtocolErrorCode::socket_failed,
                      std::string(operation) + ": " + std::generic_category().message(errno));
}

void take_descriptors(msghdr& header, std::vector<FileDescriptor>& descriptors) {
  std::size_t count = 0;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t size = c->cmsg_len - CMSG_LEN(0);
    for (std::size_t i = 0; i + sizeof(int) <= size; i += sizeof(int)) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(c) + i, sizeof descriptor);
#ifndef MSG_CMSG_CLOEXEC
      ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
#endif
      descriptors.emplace_back(descriptor);
      ++count;
    }
  }
  if (count > max_descriptors || (header.msg_flags & MSG_CTRUNC) != 0) {
    throw ProtocolError(
        ProtocolErrorCode::unexpected_descriptors,
        "more than " + std::to_string(max_descriptors) + " file descriptors came with one message");
  }
}

bool is_closed(int error) {
  return error == EPIPE || error == ECONNRESET || error == ENOTCONN;
}

}  // namespace

SocketAddress socket_address(const std::filesystem::path& path) {
  SocketAddress result;
  const std::string& text = path.native();
  if (text.empty()) {
    throw ProtocolError(ProtocolErrorCode::socket_failed, "the socket path is empty");
  }
  if (text.size() >= sizeof result.address.sun_path) {
    throw ProtocolError(
        ProtocolErrorCode::path_too_long,
        "the socket path has " + std::to_string(text.size()) + " bytes, and the system takes " +
            std::to_string(sizeof result.address.sun_path - 1) + "; choose a shorter one: " + text);
  }
  result.address.sun_family = AF_UNIX;
  std::memcpy(result.address.sun_path, text.c_str(), text.size() + 1);
  result.length = static_cast<socklen_t>(sizeof result.address);
  return result;
}

std::filesystem::path default_socket_path() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const auto socket = variable("REDBOLT_SOCKET"); !socket.empty()) return socket;
  constexpr const char* file = "redboltd.sock";
#ifdef __APPLE__
  std::array<char, 1024> folder{};
  if (::confstr(_CS_DARWIN_USER_TEMP_DIR, folder.data(), folder.size()) > 0) {
    return std::filesystem::path(folder.data()) / "redbolt" / file;
  }
#endif
  if (const auto runtime = variable("XDG_RUNTIME_DIR"); !runtime.empty()) {
    return std::filesystem::path(runtime) / "redbolt" / file;
  }
  return std::filesystem::path("/tmp") / ("redbolt-" + std::to_string(::getuid())) / file;
}

FileDescriptor make_socket() {
#ifdef SOCK_CLOEXEC
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) fail("socket");
#else
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  if (!socket.valid()) fail("socket");
  ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
  return socket;
}

IoResult receive_some(int socket, std::span<std::byte> into,
                      std::vector<FileDescriptor>& descriptors) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * received_descriptor_slots)> control{};
  iovec part{into.data(), into.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t n = 0;
  do {
    n = ::recvmsg(socket, &header, receive_flags);
  } while (n < 0 && errno == EINTR);
  if (n < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoStatus::would_block, 0};
    if (is_closed(errno)) return {IoStatus::closed, 0};
    fail("recvmsg");
  }
  take_descriptors(header, descriptors);
  if (n == 0) return {IoStatus::closed, 0};
  return {IoStatus::progress, static_cast<std::size_t>(n)};
}

IoResult send_some(int socket, std::span<const std::byte> from, std::span<const int> descriptors) {
  if (descriptors.size() > max_descriptors) {
    throw ProtocolError(ProtocolErrorCode::unexpected_descriptors,
                        "too many file descriptors for one message");
  }
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * max_descriptors)> control{};
  iovec part{const_cast<std::byte*>(from.data()), from.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(c), descriptors.data(), descriptors.size_bytes());
  }
  ssize_t n = 0;
  do {
    n = ::sendmsg(socket, &header, send_flags);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return {IoStatus::progress, static_cast<std::size_t>(n)};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoStatus::would_block, 0};
  if (is_closed(errno)) return {IoStatus::closed, 0};
  fail("sendmsg");
}

}  // namespace redbolt::protocol
