// Bytes and file descriptors over a connected Unix socket, and addresses of such sockets. Both ends
// use these: the client on a blocking socket, the daemon on a non-blocking one.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/protocol/protocol_error.hpp"

namespace redbolt::protocol {

struct SocketAddress {
  sockaddr_un address{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

// Throws ProtocolError::path_too_long, with the limit, if the system cannot take the path.
SocketAddress socket_address(const std::filesystem::path& path);

// Where the daemon of this user listens unless told otherwise: $REDBOLT_SOCKET, else
// $XDG_RUNTIME_DIR/redbolt/redboltd.sock, else redbolt-UID/redboltd.sock in /tmp (macOS: the folder
// redbolt in the user's own temporary folder).
std::filesystem::path default_socket_path();

// A stream socket, closed on exec.
FileDescriptor make_socket();

enum class IoStatus : unsigned char { progress, would_block, closed };

struct IoResult {
  IoStatus status = IoStatus::progress;
  std::size_t bytes = 0;
};

// Reads once. Received descriptors are appended, closed on exec; more than max_descriptors at once
// are closed and answered with ProtocolError::unexpected_descriptors. A connection reset by the
// peer is `closed`. Other failures: ProtocolError::socket_failed.
IoResult receive_some(int socket, std::span<std::byte> into,
                      std::vector<FileDescriptor>& descriptors);

// Writes once; the descriptors go with the first byte. Never raises SIGPIPE; a peer that is gone is
// `closed`.
IoResult send_some(int socket, std::span<const std::byte> from, std::span<const int> descriptors);

}  // namespace redbolt::protocol
