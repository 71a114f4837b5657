#include "socket_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include "peer.hpp"
#include "redbolt/protocol/socket_io.hpp"

namespace redbolt::daemon {
namespace {

constexpr int backlog = 64;
constexpr mode_t folder_mode = 0700;
constexpr mode_t socket_mode = 0600;

[[noreturn]] void fail(const std::string& what, int error) {
  throw SocketError(SocketErrorCode::failed, what + ": " + std::generic_category().message(error));
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
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

// Two daemons that start at the same time look at the file one after the other. The lock is on the
// folder itself and goes with the descriptor: no lock file that could be left behind.
FileDescriptor lock_folder(const std::filesystem::path& folder) {
  FileDescriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid()) fail("the folder " + folder.string(), errno);
  constexpr int attempts = 200;
  for (int i = 0; i < attempts; ++i) {
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) == 0) return descriptor;
    if (errno != EWOULDBLOCK && errno != EINTR)
      fail("the folder " + folder.string() + " cannot be locked", errno);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw SocketError(SocketErrorCode::failed,
                    "the folder " + folder.string() + " stays locked by another process");
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
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return SocketFileState::absent;
    fail(path.string(), errno);
  }
  if (!S_ISSOCK(status.st_mode)) return SocketFileState::not_a_socket;
  // A full backlog must not block us: whoever has one is alive.
  ::fcntl(probe.get(), F_SETFL, O_NONBLOCK);
  if (::connect(probe.get(), address.get(), address.length) == 0 || errno == EAGAIN ||
      errno == EINPROGRESS) {
    return SocketFileState::alive;
  }
  if (errno == EACCES || errno == EPERM) {
    throw SocketError(SocketErrorCode::not_permitted,
                      path.string() + " is another user's: this one may not connect there");
  }
  if (errno != ECONNREFUSED)
    fail("whether a daemon listens on " + path.string() + " cannot be found out", errno);
  return SocketFileState::dead;
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
  const FileDescriptor lock = lock_folder(folder_of(path));
  if (state_of(path, address, protocol::make_socket()) != SocketFileState::dead) return false;
  remove_socket(path);
  return true;
}

SocketFile::SocketFile(const std::filesystem::path& path) : path_(path) {
  const auto address = address_of(path);
  const auto folder = folder_of(path);
  make_folder(folder);
  check_folder(folder);
  const FileDescriptor lock = lock_folder(folder);
  make_room(path, address);
  FileDescriptor socket = protocol::make_socket();
  if (::bind(socket.get(), address.get(), address.length) != 0)
    fail("the socket " + path.string(), errno);
  struct stat status {};
  // Nobody can connect before listen(), so the mode is right for the first who does.
  if (::chmod(path.c_str(), socket_mode) != 0 || ::lstat(path.c_str(), &status) != 0 ||
      ::listen(socket.get(), backlog) != 0 || ::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) {
    const int error = errno;
    ::unlink(path.c_str());
    fail("the socket " + path.string(), error);
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
  socket_ = std::move(socket);
}

SocketFile::SocketFile(FileDescriptor inherited) : is_ours_(false) {
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
  socket_ = std::move(inherited);
}

SocketFile::~SocketFile() {
  close();
}

void SocketFile::close() noexcept {
  if (!socket_.valid()) return;
  struct stat status {};
  if (is_ours_ && ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
      status.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  socket_ = FileDescriptor();
}

}  // namespace redbolt::daemon
