#include "unix_listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace redbolt::emulator {
namespace {

[[noreturn]] void fail(const std::string& what, int error) {
  throw ServerError(ServerErrorCode::failed, what + ": " + std::generic_category().message(error));
}

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.empty() || text.size() >= sizeof address.sun_path) {
    throw ServerError(ServerErrorCode::bad_address,
                      "a socket's path has 1 to " + std::to_string(sizeof address.sun_path - 1) +
                          " bytes, this one " + std::to_string(text.size()) + ": " + text);
  }
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  return address;
}

FileDescriptor make_socket() {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  if (!socket.valid()) fail("a socket cannot be had", errno);
  ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
  ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
  return socket;
}

std::string peer_of([[maybe_unused]] int socket) {
#ifdef __linux__
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0)
    return "process " + std::to_string(credentials.pid);
#endif
  return "another process";
}

[[noreturn]] void already_served(const std::filesystem::path& path, int socket) {
  throw ServerError(ServerErrorCode::already_served,
                    peer_of(socket) + " already listens on " + path.string() +
                        "; use it, stop it, or choose another path");
}

void remove_dead_socket(const std::filesystem::path& path, const sockaddr* address,
                        socklen_t length) {
  const FileDescriptor probe = make_socket();
  switch (look_at_socket_file(path, address, length, probe)) {
    case SocketFileState::absent:
      return;
    case SocketFileState::not_a_socket:
      throw ServerError(ServerErrorCode::not_a_socket,
                        path.string() + " exists and is not a socket; it is left alone");
    case SocketFileState::alive:
      already_served(path, probe.get());
    case SocketFileState::dead:
      if (::unlink(path.c_str()) != 0)
        fail("the dead socket " + path.string() + " cannot be removed", errno);
  }
}

ListeningFile listen_at(const std::filesystem::path& path) try {
  const sockaddr_un name = address_of(path);
  const auto* const address = reinterpret_cast<const sockaddr*>(&name);
  const FileDescriptor lock = lock_folder(folder_of(path));
  remove_dead_socket(path, address, sizeof name);
  return {make_socket(), path, address, sizeof name};
} catch (const std::system_error& error) {
  throw ServerError(ServerErrorCode::failed, error.what());
}

}  // namespace

UnixListener::UnixListener(const UnixAddress& address)
    : path_(address.path), file_(listen_at(path_)) {}

}  // namespace redbolt::emulator
