#include "connect.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "redbolt/client/client_error.hpp"
#include "redbolt/client/connection.hpp"
#include "redbolt/protocol/socket_io.hpp"

namespace redbolt::client {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path, int error) {
  if (error == EACCES || error == EPERM) {
    throw ClientError(ClientErrorCode::permission_denied,
                      "the socket " + path.string() +
                          " may not be opened: the redboltd behind it belongs to "
                          "another user");
  }
  const bool no_file = error == ENOENT || error == ENOTDIR;
  const std::string found = no_file ? "there is no socket " + path.string()
                            : error == ECONNREFUSED
                                ? "nothing listens on " + path.string()
                                : path.string() + ": " + std::generic_category().message(error);
  throw ClientError(ClientErrorCode::no_daemon,
                    "no redboltd answers (" + found +
                        "). Start one with: redboltd --device emulated --socket " + path.string() +
                        " — or let this one command start its own with --device emulated");
}

int connect_interruptibly(int socket, const protocol::SocketAddress& address) {
  int result = 0;
  do {
    result = ::connect(socket, address.get(), address.length);
  } while (result != 0 && errno == EINTR);
  return result == 0 || errno == EISCONN ? 0 : errno;
}

}  // namespace

std::filesystem::path default_socket_path() {
  return protocol::default_socket_path();
}

FileDescriptor connect_to_daemon(const std::filesystem::path& path) try {
  const auto address = protocol::socket_address(path);
  FileDescriptor socket = protocol::make_socket();
  if (const int error = connect_interruptibly(socket.get(), address); error != 0)
    refuse(path, error);
  return socket;
} catch (const protocol::ProtocolError& error) {
  throw ClientError(ClientErrorCode::invalid_argument, error.what());
}

}  // namespace redbolt::client
