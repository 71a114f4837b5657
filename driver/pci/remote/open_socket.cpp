#include "remote/open_socket.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>

extern char** environ;

namespace redbolt::pci::remote {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kRetry{50};

[[noreturn]] void nobody(const RemoteEndpoint& endpoint, const std::string& why) {
  throw PciError(PciErrorCode::transport_closed,
                 endpoint.name + ": no server of the card answers: " + why);
}

FileDescriptor make_socket(int family) {
  FileDescriptor socket(::socket(family, SOCK_STREAM, 0));
  if (socket.valid()) ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
  return socket;
}

// The error number, 0 when connected.
int connect_unix(const std::string& path, FileDescriptor& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  socket = make_socket(AF_UNIX);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(socket.get(), generic, sizeof address) == 0 ? 0 : errno;
}

int connect_in_time(const addrinfo& address, std::chrono::milliseconds timeout,
                    FileDescriptor& socket) {
  socket = make_socket(address.ai_family);
  ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd entry{socket.get(), POLLOUT, 0};
  if (::poll(&entry, 1, static_cast<int>(timeout.count())) <= 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

FileDescriptor open_tcp(const RemoteEndpoint& endpoint, std::chrono::milliseconds timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found);
  if (failure != 0) nobody(endpoint, ::gai_strerror(failure));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, ::freeaddrinfo);
  int error = 0;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    FileDescriptor socket;
    error = connect_in_time(*address, timeout, socket);
    if (error != 0) continue;
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
  }
  nobody(endpoint, std::generic_category().message(error));
}

bool nobody_listens(int error) {
  return error == ENOENT || error == ECONNREFUSED;
}

// Starts the server in a session of its own, so that it outlives this process and its terminal.
void launch(const RemoteEndpoint& endpoint) {
  std::vector<char*> words;
  for (const std::string& word : endpoint.launch) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  for (const int stream : {0, 1, 2}) {
    posix_spawn_file_actions_addopen(&files, stream, "/dev/null", O_RDWR, 0);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t child = -1;
  const int error = ::posix_spawn(&child, words[0], &files, &attributes, words.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) {
    nobody(endpoint, "and " + endpoint.launch[0] +
                         " could not be started: " + std::generic_category().message(error));
  }
  // It is nobody's to wait for: when it ends the system shall clear it away.
  std::thread([child] { ::waitpid(child, nullptr, 0); }).detach();
}

FileDescriptor open_unix(const RemoteEndpoint& endpoint, std::chrono::milliseconds timeout) {
  FileDescriptor socket;
  int error = connect_unix(endpoint.path, socket);
  if (error != 0 && nobody_listens(error) && !endpoint.launch.empty()) {
    launch(endpoint);
    const auto deadline = Clock::now() + timeout;
    while (error != 0 && nobody_listens(error) && Clock::now() < deadline) {
      std::this_thread::sleep_for(kRetry);
      error = connect_unix(endpoint.path, socket);
    }
  }
  if (error != 0) nobody(endpoint, std::generic_category().message(error));
  return socket;
}

}  // namespace

FileDescriptor open_socket(const RemoteEndpoint& endpoint, std::chrono::milliseconds timeout) {
  return endpoint.path.empty() ? open_tcp(endpoint, timeout) : open_unix(endpoint, timeout);
}

}  // namespace redbolt::pci::remote
