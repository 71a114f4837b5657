// A client of the remote-PCI protocol, written for the tests from the table of the protocol
// (docs/emulator.md) and without the server's code.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::emulator::test {

// What the server answers with status 1.
class RemoteFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// The connection is gone, or silent for longer than any test waits.
class ConnectionLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Answer {
  std::uint64_t r0 = 0, r1 = 0;
  FileDescriptor descriptor;
};

class RemoteClient {
 public:
  // "unix:PATH" or "tcp:127.0.0.1:PORT".
  explicit RemoteClient(const std::string& address);

  bool is_tcp() const { return tcp_; }

  void send(std::span<const std::byte> bytes);
  // Without waiting; how many bytes went.
  std::size_t send_some(std::span<const std::byte> bytes);
  std::vector<std::byte> receive(std::size_t size);
  // True when the server closes without another byte.
  bool is_closed_by_server();
  void half_close();

  static std::vector<std::byte> request(unsigned command, std::uint32_t target = 0,
                                        std::uint64_t a0 = 0, std::uint64_t a1 = 0,
                                        std::uint64_t a2 = 0, std::uint32_t device = 0);
  // Sends a request and takes the 17 bytes; throws RemoteFailure when they say so.
  Answer call(unsigned command, std::uint32_t target = 0, std::uint64_t a0 = 0,
              std::uint64_t a1 = 0, std::uint64_t a2 = 0, std::uint32_t device = 0);
  Answer answer();

  // The commands by their meaning.
  struct Filter {
    std::uint32_t mask, device;
  };
  std::string probe(std::uint32_t vendor, const std::vector<Filter>& filters,
                    std::uint32_t base_class = 0);
  std::uint32_t read32(std::uint32_t bar, std::uint64_t offset);
  void write32(std::uint32_t bar, std::uint64_t offset, std::uint32_t value);
  std::vector<std::byte> read(unsigned command, std::uint32_t target, std::uint64_t offset,
                              std::uint64_t size);
  void write(unsigned command, std::uint32_t target, std::uint64_t offset,
             std::span<const std::byte> data);

 private:
  FileDescriptor socket_;
  bool tcp_;
};

// Numbers of the commands.
enum : unsigned {
  cmd_probe,
  cmd_map_bar,
  cmd_map_sysmem_fd,
  cmd_cfg_read,
  cmd_cfg_write,
  cmd_reset,
  cmd_mmio_read,
  cmd_mmio_write,
  cmd_map_sysmem,
  cmd_sysmem_read,
  cmd_sysmem_write,
  cmd_resize_bar,
  cmd_ping,
};

}  // namespace redbolt::emulator::test
