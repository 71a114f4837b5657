#include "socket_file.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "peer.hpp"
#include "redbolt/protocol/socket_io.hpp"

namespace redbolt::daemon {
namespace {

constexpr mode_t folder_mode = 0700;

[[noreturn]] void fail(const std::string& what, int error) {
  throw SocketError(SocketErrorCode::failed, what + ": " + std::generic_category().message(error));
}

// What the system refused, as the daemon says it.
template <class Function>
auto in_our_words(const std::filesystem::path& path, Function function) try {
  return function();
} catch (const std::system_error& error) {
  if (error.code() == std::errc::permission_denied) {
    throw SocketError(
        SocketErrorCode::not_permitted,
        path.string() + " is another user's: this one may not use it (" + error.what() + ")");
  }
  throw SocketError(SocketErrorCode::failed, error.what());
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder, error)) return;
  if (folder.has_parent_path() && !std::filesystem::exists(folder.parent_path(), error)) {
    make_folder(folder.parent_path());
  }
  if (::mkdir(folder.c_str(), folder_mode) != 0 && errno != EEXIST) {
    fail("the folder " + folder.string() + " for the socket cannot be made", errno);
  }
}

// Whoever may rename files in the folder could put their own socket in place of ours.
void check_folder(const std::filesystem::path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) fail("the folder " + folder.string(), errno);
  if (!S_ISDIR(status.st_mode)) {
    throw SocketError(SocketErrorCode::unsafe_folder, folder.string() + " is not a folder");
  }
  const bool others_may_write =
      (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0;
  const bool owner_is_safe = status.st_uid == ::geteuid() || status.st_uid == 0;
  if (others_may_write || !owner_is_safe) {
    throw SocketError(
        SocketErrorCode::unsafe_folder,
        "other users can change the folder " + folder.string() +
            ", so the socket would not be safe there; choose a folder of your own (mode 0700)");
  }
}

[[noreturn]] void already_served(const std::filesystem::path& path, int socket) {
  const auto peer = peer_credentials(socket);
  const std::string who = peer && peer->pid != 0 ? " (pid " + std::to_string(peer->pid) + ")" : "";
  throw SocketError(SocketErrorCode::already_served,
                    "another redboltd" + who + " already listens on " + path.string() +
                        "; use it, stop it, or choose another --socket");
}

protocol::SocketAddress address_of(const std::filesystem::path& path) try {
  return protocol::socket_address(path);
} catch (const protocol::ProtocolError& error) {
  const bool too_long = error.code() == protocol::ProtocolErrorCode::path_too_long;
  throw SocketError(too_long ? SocketErrorCode::path_too_long : SocketErrorCode::failed,
                    error.what());
}

// `probe` is connected afterwards if somebody answers.
SocketFileState state_of(const std::filesystem::path& path, const protocol::SocketAddress& address,
                         const FileDescriptor& probe) {
  return in_our_words(
      path, [&] { return look_at_socket_file(path, address.get(), address.length, probe); });
}

FileDescriptor lock(const std::filesystem::path& path) {
  const auto folder = folder_of(path);
  return in_our_words(folder, [&] { return lock_folder(folder); });
}

void remove_socket(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0)
    fail("the dead socket " + path.string() + " cannot be removed", errno);
}

void make_room(const std::filesystem::path& path, const protocol::SocketAddress& address) {
  const FileDescriptor probe = protocol::make_socket();
  const SocketFileState state = state_of(path, address, probe);
  if (state == SocketFileState::alive) already_served(path, probe.get());
  if (state == SocketFileState::not_a_socket) {
    throw SocketError(
        SocketErrorCode::not_a_socket,
        path.string() + " exists and is not a socket; it is left alone, choose another --socket");
  }
  if (state == SocketFileState::dead) remove_socket(path);
}

}  // namespace

SocketFileState look_at_socket(const std::filesystem::path& path) {
  return state_of(path, address_of(path), protocol::make_socket());
}

bool remove_if_dead(const std::filesystem::path& path) {
  const auto address = address_of(path);
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder_of(path), ignored)) return false;
  const FileDescriptor locked = lock(path);
  if (state_of(path, address, protocol::make_socket()) != SocketFileState::dead) return false;
  remove_socket(path);
  return true;
}

SocketFile::SocketFile(const std::filesystem::path& path) : path_(path) {
  const auto address = address_of(path);
  const auto folder = folder_of(path);
  make_folder(folder);
  check_folder(folder);
  const FileDescriptor locked = lock(path);
  make_room(path, address);
  ours_ = in_our_words(path, [&] {
    return ListeningFile(protocol::make_socket(), path, address.get(), address.length);
  });
}

SocketFile::SocketFile(FileDescriptor inherited) {
  protocol::SocketAddress address;
  address.length = sizeof address.address;
  auto* name = reinterpret_cast<sockaddr*>(&address.address);
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockname(inherited.get(), name, &address.length) != 0 || name->sa_family != AF_UNIX ||
      ::getsockopt(inherited.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 ||
      listening == 0) {
    throw SocketError(SocketErrorCode::not_a_socket,
                      "what the service manager passed is not a listening Unix socket");
  }
  ::fcntl(inherited.get(), F_SETFD, FD_CLOEXEC);
  if (::fcntl(inherited.get(), F_SETFL, O_NONBLOCK) != 0) fail("the socket passed", errno);
  path_ = address.address.sun_path;
  inherited_ = std::move(inherited);
}

void SocketFile::close() noexcept {
  ours_.close();
  inherited_ = FileDescriptor();
}

}  // namespace redbolt::daemon
