#include "unix_listener.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <thread>

namespace redbolt::emulator {
namespace {

constexpr int backlog = 64;
constexpr mode_t socket_mode = 0600;

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

// Two servers that start at the same time look at the file one after the other. The lock is on the
// folder itself and goes with the descriptor: no lock file that could be left behind.
FileDescriptor lock_folder(const std::filesystem::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  FileDescriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid()) fail("the folder " + folder.string(), errno);
  constexpr int attempts = 200;
  for (int i = 0; i < attempts; ++i) {
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) == 0) return descriptor;
    if (errno != EWOULDBLOCK && errno != EINTR)
      fail("the folder " + folder.string() + " cannot be locked", errno);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw ServerError(ServerErrorCode::failed,
                    "the folder " + folder.string() + " stays locked by another process");
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

void remove_dead_socket(const std::filesystem::path& path, const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    fail(path.string(), errno);
  }
  if (!S_ISSOCK(status.st_mode)) {
    throw ServerError(ServerErrorCode::not_a_socket,
                      path.string() + " exists and is not a socket; it is left alone");
  }
  const FileDescriptor probe = make_socket();
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    already_served(path, probe.get());
  if (errno == EAGAIN || errno == EINPROGRESS) already_served(path, -1);
  if (errno != ECONNREFUSED)
    fail("whether a server listens on " + path.string() + " cannot be found out", errno);
  if (::unlink(path.c_str()) != 0)
    fail("the dead socket " + path.string() + " cannot be removed", errno);
}

}  // namespace

UnixListener::UnixListener(const UnixAddress& unix_address) : path_(unix_address.path) {
  const sockaddr_un address = address_of(path_);
  const FileDescriptor lock = lock_folder(path_);
  remove_dead_socket(path_, address);
  FileDescriptor socket = make_socket();
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail("the socket " + path_.string(), errno);
  struct stat status {};
  // Nobody can connect before listen(), so the mode is right for the first who does.
  if (::chmod(path_.c_str(), socket_mode) != 0 || ::lstat(path_.c_str(), &status) != 0 ||
      ::listen(socket.get(), backlog) != 0) {
    const int error = errno;
    ::unlink(path_.c_str());
    fail("the socket " + path_.string(), error);
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
  socket_ = std::move(socket);
}

UnixListener::~UnixListener() {
  if (!socket_.valid()) return;
  struct stat status {};
  const bool is_ours =
      ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_;
  if (is_ours) ::unlink(path_.c_str());
}

}  // namespace redbolt::emulator
