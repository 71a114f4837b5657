#include "redbolt/base/listening_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace redbolt {
namespace {

constexpr int backlog = 64;
constexpr mode_t socket_mode = 0600;
constexpr int lock_attempts = 200;
constexpr std::chrono::milliseconds lock_interval{10};

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

}  // namespace

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

FileDescriptor lock_folder(const std::filesystem::path& folder) {
  FileDescriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid()) fail(errno, "the folder " + folder.string());
  for (int i = 0; i < lock_attempts; ++i) {
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) == 0) return descriptor;
    if (errno != EWOULDBLOCK && errno != EINTR)
      fail(errno, "the folder " + folder.string() + " cannot be locked");
    std::this_thread::sleep_for(lock_interval);
  }
  fail(ETIMEDOUT, "the folder " + folder.string() + " stays locked by another process");
}

SocketFileState look_at_socket_file(const std::filesystem::path& path, const sockaddr* address,
                                    socklen_t length, const FileDescriptor& probe) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return SocketFileState::absent;
    fail(errno, path.string());
  }
  if (!S_ISSOCK(status.st_mode)) return SocketFileState::not_a_socket;
  // A full backlog must not block us: whoever has one is alive.
  ::fcntl(probe.get(), F_SETFL, O_NONBLOCK);
  if (::connect(probe.get(), address, length) == 0 || errno == EAGAIN || errno == EINPROGRESS)
    return SocketFileState::alive;
  if (errno == ECONNREFUSED) return SocketFileState::dead;
  fail(errno == EPERM ? EACCES : errno,
       "whether anybody listens on " + path.string() + " cannot be found out");
}

ListeningFile::ListeningFile(FileDescriptor socket, std::filesystem::path path,
                             const sockaddr* address, socklen_t length)
    : path_(std::move(path)) {
  if (::bind(socket.get(), address, length) != 0) fail(errno, "the socket " + path_.string());
  struct stat status {};
  if (::chmod(path_.c_str(), socket_mode) != 0 || ::lstat(path_.c_str(), &status) != 0 ||
      ::listen(socket.get(), backlog) != 0 || ::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) {
    const int error = errno;
    ::unlink(path_.c_str());
    fail(error, "the socket " + path_.string());
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
  socket_ = std::move(socket);
}

ListeningFile::ListeningFile(ListeningFile&& other) noexcept
    : path_(std::move(other.path_)),
      socket_(std::move(other.socket_)),
      device_(other.device_),
      inode_(other.inode_) {}

ListeningFile& ListeningFile::operator=(ListeningFile&& other) noexcept {
  if (this == &other) return *this;
  close();
  path_ = std::move(other.path_);
  socket_ = std::move(other.socket_);
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

void ListeningFile::close() noexcept {
  if (!socket_.valid()) return;
  struct stat status {};
  if (::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_)
    ::unlink(path_.c_str());
  socket_ = FileDescriptor();
}

}  // namespace redbolt
