#include "remote/stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace redbolt::pci::remote {
namespace {

#ifdef MSG_NOSIGNAL
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;  // macOS: SO_NOSIGPIPE
#endif
#ifdef MSG_CMSG_CLOEXEC
constexpr int kReceiveFlags = MSG_CMSG_CLOEXEC;
#else
constexpr int kReceiveFlags = 0;
#endif

// More than one comes from no server; what is beyond is closed unseen by the system.
constexpr std::size_t kMaxDescriptors = 8;
constexpr std::size_t kMaxPieces = 4;

using Clock = std::chrono::steady_clock;

StreamStatus wait_for(int socket, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd entry{socket, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return StreamStatus::done;
    if (ready == 0) return StreamStatus::timed_out;
    if (errno != EINTR && errno != EAGAIN) return StreamStatus::closed;
  }
}

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

void take_descriptors(msghdr& message, std::vector<FileDescriptor>* into) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(header) + i * sizeof(int), sizeof number);
      FileDescriptor descriptor(number);
      ::fcntl(number, F_SETFD, FD_CLOEXEC);
      if (into != nullptr) into->push_back(std::move(descriptor));
    }
  }
}

ssize_t receive_some(int socket, std::span<std::byte> into,
                     std::vector<FileDescriptor>* descriptors) {
  // Without a control buffer the system closes descriptors that come along.
  if (descriptors == nullptr) return ::recv(socket, into.data(), into.size(), 0);
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int) * kMaxDescriptors)> control{};
  iovec piece{into.data(), into.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t received = ::recvmsg(socket, &message, kReceiveFlags);
  if (received >= 0) take_descriptors(message, descriptors);
  return received;
}

}  // namespace

Stream::Stream(FileDescriptor socket) : socket_(std::move(socket)) {
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
#ifdef SO_NOSIGPIPE
  const int on = 1;
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
}

StreamStatus Stream::send(std::span<const std::span<const std::byte>> pieces,
                          std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  std::array<iovec, kMaxPieces> list{};
  std::size_t count = 0;
  for (const auto& piece : pieces.first(std::min(pieces.size(), kMaxPieces))) {
    if (!piece.empty()) list[count++] = {const_cast<std::byte*>(piece.data()), piece.size()};
  }
  for (std::size_t first = 0; first < count;) {
    msghdr message{};
    message.msg_iov = &list[first];
    message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(count - first);
    const ssize_t sent = ::sendmsg(socket_.get(), &message, kSendFlags);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (!would_block(errno)) return StreamStatus::closed;
      const auto status = wait_for(socket_.get(), POLLOUT, deadline);
      if (status != StreamStatus::done) return status;
      continue;
    }
    for (auto rest = static_cast<std::size_t>(sent); first < count && rest > 0;) {
      const std::size_t step = std::min(rest, list[first].iov_len);
      list[first].iov_base = static_cast<std::byte*>(list[first].iov_base) + step;
      list[first].iov_len -= step;
      rest -= step;
      if (list[first].iov_len == 0) ++first;
    }
  }
  return StreamStatus::done;
}

StreamStatus Stream::receive(std::span<std::byte> into, std::chrono::milliseconds timeout,
                             std::vector<FileDescriptor>* descriptors) {
  const auto deadline = Clock::now() + timeout;
  while (!into.empty()) {
    const ssize_t received = receive_some(socket_.get(), into, descriptors);
    if (received == 0) return StreamStatus::closed;
    if (received < 0) {
      if (errno == EINTR) continue;
      if (!would_block(errno)) return StreamStatus::closed;
      const auto status = wait_for(socket_.get(), POLLIN, deadline);
      if (status != StreamStatus::done) return status;
      continue;
    }
    into = into.subspan(static_cast<std::size_t>(received));
  }
  return StreamStatus::done;
}

bool Stream::peer_closed() const {
  std::byte next{};
  const ssize_t received = ::recv(socket_.get(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
  return received == 0 || (received < 0 && !would_block(errno) && errno != EINTR);
}

}  // namespace redbolt::pci::remote
