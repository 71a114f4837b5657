#include "remote_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace redbolt::emulator::test {
namespace {

constexpr time_t patience_seconds = 60;
constexpr std::size_t request_bytes = 33;

template <class T>
void append(std::vector<std::byte>& bytes, T value) {
  const auto* const begin = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), begin, begin + sizeof value);
}

FileDescriptor connect_unix(const std::string& path) {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw ConnectionLost("connect " + path + ": " + std::strerror(errno));
  return socket;
}

FileDescriptor connect_loopback(const std::string& port) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw ConnectionLost("connect " + port + ": " + std::strerror(errno));
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

}  // namespace

RemoteClient::RemoteClient(const std::string& address)
    : socket_(address.rfind("unix:", 0) == 0
                  ? connect_unix(address.substr(5))
                  : connect_loopback(address.substr(address.rfind(':') + 1))),
      tcp_(address.rfind("tcp:", 0) == 0) {
  const timeval patience{patience_seconds, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

void RemoteClient::send(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) throw ConnectionLost(std::strerror(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

std::size_t RemoteClient::send_some(std::span<const std::byte> bytes) {
  const ssize_t sent =
      ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
  throw ConnectionLost(std::strerror(errno));
}

std::vector<std::byte> RemoteClient::receive(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t done = 0; done < size;) {
    const ssize_t received = ::recv(socket_.get(), bytes.data() + done, size - done, 0);
    if (received <= 0) throw ConnectionLost(received == 0 ? "closed" : std::strerror(errno));
    done += static_cast<std::size_t>(received);
  }
  return bytes;
}

bool RemoteClient::is_closed_by_server() {
  std::byte byte{};
  const ssize_t received = ::recv(socket_.get(), &byte, 1, 0);
  return received == 0 || (received < 0 && errno == ECONNRESET);
}

void RemoteClient::half_close() {
  ::shutdown(socket_.get(), SHUT_WR);
}

std::vector<std::byte> RemoteClient::request(unsigned command, std::uint32_t target,
                                             std::uint64_t a0, std::uint64_t a1, std::uint64_t a2,
                                             std::uint32_t device) {
  std::vector<std::byte> bytes;
  bytes.reserve(request_bytes);
  append(bytes, static_cast<std::uint8_t>(command));
  append(bytes, device);
  append(bytes, target);
  append(bytes, a0);
  append(bytes, a1);
  append(bytes, a2);
  return bytes;
}

Answer RemoteClient::call(unsigned command, std::uint32_t target, std::uint64_t a0,
                          std::uint64_t a1, std::uint64_t a2, std::uint32_t device) {
  send(request(command, target, a0, a1, a2, device));
  return answer();
}

// The 17 bytes by one recvmsg, as TinyGPU's client takes them: what is not there then, and the
// descriptor with it, would be missed.
Answer RemoteClient::answer() {
  std::byte bytes[17];
  iovec part{bytes, sizeof bytes};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const ssize_t received = ::recvmsg(socket_.get(), &header, tcp_ ? MSG_WAITALL : 0);
  if (received <= 0) throw ConnectionLost(received == 0 ? "closed" : std::strerror(errno));
  if (received != sizeof bytes) throw ConnectionLost("a response in pieces");
  Answer answer;
  const cmsghdr* const message = CMSG_FIRSTHDR(&header);
  if (message != nullptr && message->cmsg_type == SCM_RIGHTS) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(message), sizeof descriptor);
    answer.descriptor = FileDescriptor(descriptor);
  }
  std::memcpy(&answer.r0, bytes + 1, 8);
  std::memcpy(&answer.r1, bytes + 9, 8);
  if (bytes[0] == std::byte{0}) return answer;
  const auto text = receive(answer.r0);
  throw RemoteFailure(std::string(reinterpret_cast<const char*>(text.data()), text.size()));
}

std::string RemoteClient::probe(std::uint32_t vendor, const std::vector<Filter>& filters,
                                std::uint32_t base_class) {
  auto message = request(cmd_probe, 0, base_class, filters.size() * 8, vendor);
  for (const Filter& filter : filters) {
    append(message, filter.mask);
    append(message, filter.device);
  }
  send(message);
  const Answer found = answer();
  const auto text = receive(found.r0);
  return std::to_string(found.r1) + " " +
         std::string(reinterpret_cast<const char*>(text.data()), text.size());
}

std::vector<std::byte> RemoteClient::read(unsigned command, std::uint32_t target,
                                          std::uint64_t offset, std::uint64_t size) {
  const Answer promised = call(command, target, offset, size);
  if (promised.r0 != size) throw ConnectionLost("another size than asked for");
  return receive(size);
}

void RemoteClient::write(unsigned command, std::uint32_t target, std::uint64_t offset,
                         std::span<const std::byte> data) {
  auto message = request(command, target, offset, data.size());
  message.insert(message.end(), data.begin(), data.end());
  send(message);
}

std::uint32_t RemoteClient::read32(std::uint32_t bar, std::uint64_t offset) {
  std::uint32_t value = 0;
  std::memcpy(&value, read(cmd_mmio_read, bar, offset, 4).data(), 4);
  return value;
}

void RemoteClient::write32(std::uint32_t bar, std::uint64_t offset, std::uint32_t value) {
  write(cmd_mmio_write, bar, offset, std::as_bytes(std::span(&value, 1)));
}

}  // namespace redbolt::emulator::test
