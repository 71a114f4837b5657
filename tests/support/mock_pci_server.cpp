#include "mock_pci_server.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <stdexcept>

namespace redbolt::test {
namespace {

std::uint64_t number(const std::byte* bytes, unsigned size) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < size; ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << 8 * i;
  return value;
}

void append(std::vector<std::byte>& bytes, std::uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> 8 * i));
}

constexpr std::uint8_t mmio_write = 7;
constexpr std::uint8_t sysmem_write = 10;

}  // namespace

MockPciServer::MockPciServer() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) throw std::runtime_error("socketpair");
  client_ = FileDescriptor(ends[0]);
  server_ = FileDescriptor(ends[1]);
  config_[0] = std::byte{0x02};
  config_[1] = std::byte{0x10};
  bars_[0].resize(1 << 22);
  bars_[2].resize(4096);
  bars_[5].resize(1 << 16);
  thread_ = std::thread([this] { serve(); });
}

MockPciServer::~MockPciServer() {
  hang_up();
  thread_.join();
}

void MockPciServer::hang_up() {
  ::shutdown(server_.get(), SHUT_RDWR);
}

std::vector<MockPciServer::Message> MockPciServer::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

bool MockPciServer::wait_for_messages(std::size_t count) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (messages().size() < count) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

std::vector<std::byte> MockPciServer::reply(std::uint8_t status, std::uint64_t first,
                                            std::uint64_t second, const std::string& data) {
  std::vector<std::byte> bytes;
  append(bytes, status, 1);
  append(bytes, first, 8);
  append(bytes, second, 8);
  for (const char c : data) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

bool MockPciServer::receive(void* into, std::size_t size) {
  auto* at = static_cast<std::byte*>(into);
  while (size > 0) {
    const ssize_t received = ::recv(server_.get(), at, size, 0);
    if (received <= 0) return false;
    at += received;
    size -= static_cast<std::size_t>(received);
  }
  return true;
}

void MockPciServer::serve() {
  std::array<std::byte, 33> header;
  while (receive(header.data(), header.size())) {
    Message message;
    message.command = std::to_integer<std::uint8_t>(header[0]);
    message.device = static_cast<std::uint32_t>(number(&header[1], 4));
    message.target = static_cast<std::uint32_t>(number(&header[5], 4));
    for (unsigned i = 0; i < 3; ++i) message.arguments[i] = number(&header[9 + 8 * i], 8);
    const bool has_payload =
        message.command == mmio_write || message.command == sysmem_write || message.command == 0;
    if (has_payload) message.payload.resize(message.arguments[1]);
    if (!receive(message.payload.data(), message.payload.size())) return;
    const auto scripted = answers_.find(message.command);
    const Answer answer =
        scripted != answers_.end() ? scripted->second(message) : right_answer(message);
    {
      const std::lock_guard lock(mutex_);
      messages_.push_back(message);
    }
    if (message.command == mmio_write || message.command == sysmem_write) continue;
    if (answer.bytes.empty()) return hang_up();
    send(answer);
  }
}

void MockPciServer::send(const Answer& answer) {
  iovec piece{const_cast<std::byte*>(answer.bytes.data()), answer.bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 4)> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (!answer.descriptors.empty()) {
    const std::size_t size = sizeof(int) * answer.descriptors.size();
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(rights), answer.descriptors.data(), size);
  }
  [[maybe_unused]] const auto sent = ::sendmsg(server_.get(), &message, MSG_NOSIGNAL);
}

// Pages in two runs, the second below the first.
MockPciServer::Answer MockPciServer::lend_file(std::uint64_t size) {
  files_.emplace_back(::memfd_create("mock", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const int file = files_.back().get();
  const std::uint64_t pages = (size + 4095) / 4096;
  [[maybe_unused]] const int grown = ::ftruncate(file, static_cast<off_t>(pages * 4096));
  std::vector<std::byte> list;
  const std::uint64_t first = (pages + 1) / 2;
  append(list, 0x900000, 8);
  append(list, first * 4096, 8);
  if (pages > first) {
    append(list, 0x100000, 8);
    append(list, (pages - first) * 4096, 8);
  }
  append(list, 0, 8);
  append(list, 0, 8);
  [[maybe_unused]] const auto written = ::pwrite(file, list.data(), list.size(), 0);
  return {reply(0, pages * 4096), {file}};
}

MockPciServer::Answer MockPciServer::right_answer(const Message& message) {
  const auto& [offset, size, value] = message.arguments;
  const auto text = [](const std::byte* from, std::size_t count) {
    return std::string(reinterpret_cast<const char*>(from), count);
  };
  auto& bar = bars_[message.target];
  switch (message.command) {
    case 0:
      return {reply(0, 8, 1, "0000:0:7"), {}};
    case 1:
      return {reply(0, 0x10000000, bar.size()), {}};
    case 2:
      return lend_file(offset);
    case 3:
      return {reply(0, number(&config_[offset], static_cast<unsigned>(size))), {}};
    case 4:
      for (unsigned i = 0; i < size; ++i)
        config_[offset + i] = static_cast<std::byte>(value >> 8 * i);
      return {reply(0), {}};
    case 6:
      return {reply(0, size, 0, text(&bar.at(offset), size)), {}};
    case mmio_write:
      std::memcpy(&bar.at(offset), message.payload.data(), message.payload.size());
      return {};
    case 8: {
      lent_.emplace_back((offset + 4095) / 4096 * 4096);
      std::vector<std::byte> list;
      for (std::size_t at = 0; at < lent_.back().size(); at += 4096) append(list, 0x800000 - at, 8);
      return {reply(0, list.size(), lent_.size() - 1, text(list.data(), list.size())), {}};
    }
    case 9:
      return {reply(0, size, 0, text(&lent_.at(message.target).at(offset), size)), {}};
    case sysmem_write:
      std::memcpy(&lent_.at(message.target).at(offset), message.payload.data(),
                  message.payload.size());
      return {};
    default:
      return {reply(0), {}};
  }
}

}  // namespace redbolt::test
