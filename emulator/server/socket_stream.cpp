#include "socket_stream.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace redbolt::emulator {
namespace {

constexpr int wanted_buffer = 4 << 20;  // the system gives what it allows
constexpr std::chrono::milliseconds for_ever{-1};
#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;
#else
constexpr int send_flags = 0;  // macOS: SO_NOSIGPIPE on the socket
#endif

void set_option(int socket, int level, int option, int value) {
  ::setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

SocketStream::SocketStream(FileDescriptor socket, Kind kind, std::chrono::milliseconds patience)
    : socket_(std::move(socket)), kind_(kind), patience_(patience) {
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
  ::fcntl(socket_.get(), F_SETFD, FD_CLOEXEC);
  set_option(socket_.get(), SOL_SOCKET, SO_SNDBUF, wanted_buffer);
  set_option(socket_.get(), SOL_SOCKET, SO_RCVBUF, wanted_buffer);
#ifdef SO_NOSIGPIPE
  set_option(socket_.get(), SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
  if (kind_ != Kind::tcp) return;
  set_option(socket_.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  // A client whose machine is gone is noticed, and its host memory freed.
  set_option(socket_.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
}

void SocketStream::end(int error) const {
  using Reason = StreamEnded::Reason;
  if (interrupted_.load()) throw StreamEnded(Reason::interrupted, "the server ends");
  if (error == 0 || error == EPIPE || error == ECONNRESET)
    throw StreamEnded(Reason::closed, "the client has closed the connection");
  throw StreamEnded(Reason::failed, std::strerror(error));
}

void SocketStream::wait(short events, std::chrono::milliseconds limit) {
  pollfd state{socket_.get(), events, 0};
  const int ready = ::poll(&state, 1, static_cast<int>(limit.count()));
  if (ready > 0 || (ready < 0 && errno == EINTR)) return;
  if (ready < 0) end(errno);
  throw StreamEnded(StreamEnded::Reason::too_slow,
                    events == POLLIN ? "the rest of a message did not come in time"
                                     : "the client does not take its replies");
}

std::size_t SocketStream::receive(std::span<std::byte> into, Waiting waiting) {
  for (;;) {
    if (interrupted_.load(std::memory_order_relaxed)) end(0);
    const ssize_t received = ::recv(socket_.get(), into.data(), into.size(), 0);
    if (received > 0) return static_cast<std::size_t>(received);
    if (received == 0) end(0);
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) end(errno);
    wait(POLLIN, waiting == Waiting::for_a_message ? for_ever : patience_);
  }
}

void SocketStream::send(std::span<const std::byte> data) {
  while (!data.empty()) {
    if (interrupted_.load(std::memory_order_relaxed)) end(0);
    const ssize_t sent = ::send(socket_.get(), data.data(), data.size(), send_flags);
    if (sent >= 0) {
      data = data.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait(POLLOUT, patience_);
    } else if (errno != EINTR) {
      end(errno);
    }
  }
}

void SocketStream::send(std::span<const std::byte> data, int descriptor) {
  iovec part{const_cast<std::byte*>(data.data()), data.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* const message = CMSG_FIRSTHDR(&header);
  message->cmsg_level = SOL_SOCKET;
  message->cmsg_type = SCM_RIGHTS;
  message->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(message), &descriptor, sizeof descriptor);
  for (;;) {
    if (interrupted_.load(std::memory_order_relaxed)) end(0);
    const ssize_t sent = ::sendmsg(socket_.get(), &header, send_flags);
    if (sent >= 0) return send(data.subspan(static_cast<std::size_t>(sent)));
    // Too many descriptors of this user are on their way (they leave with what carries them).
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait(POLLOUT, patience_);
    } else if (errno != EINTR) {
      end(errno);
    }
  }
}

void SocketStream::interrupt() {
  interrupted_.store(true);
  ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace redbolt::emulator
