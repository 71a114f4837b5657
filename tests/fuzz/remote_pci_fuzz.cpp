// Arbitrary bytes as what a server of the remote-PCI protocol sends back. Whatever comes, each
// access ends in a value or in a PciError.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "redbolt/pci/remote.hpp"
#include "remote/function.hpp"

using namespace redbolt;
using namespace redbolt::pci;

namespace {

void append(std::vector<std::uint8_t>& bytes, std::uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> 8 * i));
}

void reply(std::vector<std::uint8_t>& bytes, std::uint8_t status, std::uint64_t first,
           std::uint64_t second, std::size_t data = 0) {
  append(bytes, status, 1);
  append(bytes, first, 8);
  append(bytes, second, 8);
  for (std::size_t i = 0; i < data; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
}

constexpr std::uint64_t kMemory = 8192;

// What the first byte of an input says.
constexpr std::uint8_t kMapped = 1;
constexpr std::uint8_t kWithFile = 2;

// The input is what the server sends; the head of it is also the file that it lends, so that lists
// of pages are altered like everything else.
FileDescriptor make_file(std::span<const std::uint8_t> content) {
  std::FILE* const temporary = std::tmpfile();
  if (temporary == nullptr) std::abort();
  FileDescriptor file(::dup(::fileno(temporary)));
  std::fclose(temporary);
  if (::ftruncate(file.get(), kMemory) != 0) std::abort();
  const std::size_t size = std::min<std::size_t>(content.size(), 64);
  if (::pwrite(file.get(), content.data(), size, 0) != static_cast<ssize_t>(size)) std::abort();
  return file;
}

void send_all(int socket, std::span<const std::uint8_t> bytes, int file) {
  iovec piece{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (file >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &file, sizeof file);
  }
  [[maybe_unused]] const auto sent = ::sendmsg(socket, &message, 0);
  ::shutdown(socket, SHUT_WR);
}

template <class Action>
void attempt(Action action) {
  try {
    action();
  } catch (const PciError&) {
  }
}

}  // namespace

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  std::vector<std::uint8_t> file;
  append(file, 0x10000, 8);
  append(file, kMemory, 8);
  append(file, 0, 8);
  append(file, 0, 8);
  file.resize(64);
  std::vector<std::vector<std::uint8_t>> samples;
  for (const int kinds : {kMapped | kWithFile, 0, int{kMapped}}) {
    const auto kind = static_cast<std::uint8_t>(kinds);
    std::vector<std::uint8_t> sample{kind};
    sample.insert(sample.end(), file.begin(), file.end());
    if (kind == 0) {
      reply(sample, 0, 16, 3);  // MAP_SYSMEM
      append(sample, 0x10000, 8);
      append(sample, 0x30000, 8);
      reply(sample, 0, 100, 0, 100);  // SYSMEM_READ
    } else {
      reply(sample, 0, kMemory, 0);  // MAP_SYSMEM_FD
    }
    reply(sample, 0, 0x1002, 0);         // CFG_READ
    reply(sample, 0, 0x10000000, 4096);  // MAP_BAR
    reply(sample, 0, 4, 0, 4);           // MMIO_READ
    reply(sample, 0, 0, 0);              // RESIZE_BAR
    reply(sample, 0, 0x10000000, 8192);  // MAP_BAR
    reply(sample, 0, 200, 0, 200);       // MMIO_READ
    reply(sample, 1, 3, 0, 3);           // RESET, refused
    samples.push_back(sample);
  }
  return samples;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 16384) return 0;
  const std::span<const std::uint8_t> input(data, size);
  const std::uint8_t kind = input[0];
  const auto file_content = input.subspan(1, std::min<std::size_t>(64, size - 1));
  const auto replies = input.subspan(1 + file_content.size());
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 0;
  const FileDescriptor server(ends[0]);
  const FileDescriptor file = make_file(file_content);
  send_all(server.get(), replies, (kind & kWithFile) != 0 ? file.get() : -1);

  const auto connection = std::make_shared<remote::Connection>(FileDescriptor(ends[1]), "fuzz",
                                                               std::chrono::milliseconds(1000));
  remote::RemoteFunction function(connection, (kind & kMapped) != 0);
  std::array<std::byte, 200> block{};
  std::unique_ptr<HostMemory> memory;
  attempt([&] { memory = function.allocate_host_memory(Bytes(kMemory), Contiguity::any); });
  if (memory) {
    if (memory->pages().size() * 4096 != kMemory) std::abort();
    attempt([&] { memory->read(Bytes(0), std::span(block).first(100)); });
    attempt([&] { memory->write(Bytes(kMemory - 100), std::span(block).first(100)); });
  }
  attempt([&] { function.read_config(ConfigOffset(0), 2); });
  attempt([&] { function.read32(Bar::k5, BarOffset(64)); });
  attempt([&] { function.resize_bar(Bar::k5, Bytes(0)); });
  attempt([&] { function.read_block(Bar::k5, BarOffset(64), block); });
  attempt([&] { function.write64(Bar::k5, BarOffset(64), 1); });
  attempt([&] { function.reset(); });
  memory.reset();
  function.is_present();
  return 0;
}
