// The remote-PCI protocol's messages: a request of 33 bytes and perhaps a payload, a reply of 17
// bytes and perhaps data, both little-endian.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace redbolt::pci::remote {

enum class Command : std::uint8_t {
  probe = 0,
  map_bar = 1,
  map_sysmem_fd = 2,
  cfg_read = 3,
  cfg_write = 4,
  reset = 5,
  mmio_read = 6,
  mmio_write = 7,  // no reply
  map_sysmem = 8,
  sysmem_read = 9,
  sysmem_write = 10,  // no reply
  resize_bar = 11,
  ping = 12,
};

struct Request {
  Command command{};
  std::uint32_t device = 0;
  std::uint32_t target = 0;  // a BAR, or a handle of host memory
  std::array<std::uint64_t, 3> arguments{};
};

inline constexpr std::size_t kRequestSize = 33;
inline constexpr std::size_t kReplySize = 17;

struct Reply {
  std::uint8_t status = 0;
  std::array<std::uint64_t, 2> results{};
};
inline constexpr std::uint8_t kOk = 0;
inline constexpr std::uint8_t kError = 1;  // results[0]: length of the message that follows

std::array<std::byte, kRequestSize> encode(const Request& request);
Reply decode_reply(std::span<const std::byte, kReplySize> bytes);

// Little-endian integers, as everything on this wire is.
std::uint64_t load64(const std::byte* bytes);
void store32(std::byte* bytes, std::uint32_t value);
void store64(std::byte* bytes, std::uint64_t value);

}  // namespace redbolt::pci::remote
