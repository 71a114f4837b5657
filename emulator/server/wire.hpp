// Messages as they travel: a request of 33 bytes and its payload, a response of 17 bytes and its
// data, all little-endian (docs/emulator.md has the table of commands).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace redbolt::emulator {

enum class Command : std::uint8_t {
  probe,
  map_bar,
  map_sysmem_fd,
  config_read,
  config_write,
  reset,
  mmio_read,
  mmio_write,
  map_sysmem,
  sysmem_read,
  sysmem_write,
  resize_bar,
  ping,
};
inline constexpr std::size_t command_count = 13;

struct Request {
  static constexpr std::size_t size = 33;
  std::uint8_t command = 0;
  std::uint32_t device = 0;
  std::uint32_t target = 0;  // a BAR, or the handle of host memory
  std::array<std::uint64_t, 3> arguments{};
};

struct Response {
  static constexpr std::size_t size = 17;
  std::uint8_t status = 0;  // 0: done. 1: failed, and values[0] bytes of explanation follow
  std::array<std::uint64_t, 2> values{};
};

template <class T>
T read_little_endian(std::span<const std::byte> bytes) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>(value | std::to_integer<T>(bytes[i]) << 8 * i);
  return value;
}

template <class T>
void write_little_endian(std::span<std::byte> bytes, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<std::byte>(value >> 8 * i);
}

inline Request decode_request(std::span<const std::byte, Request::size> bytes) {
  return {std::to_integer<std::uint8_t>(bytes[0]),
          read_little_endian<std::uint32_t>(bytes.subspan(1)),
          read_little_endian<std::uint32_t>(bytes.subspan(5)),
          {read_little_endian<std::uint64_t>(bytes.subspan(9)),
           read_little_endian<std::uint64_t>(bytes.subspan(17)),
           read_little_endian<std::uint64_t>(bytes.subspan(25))}};
}

inline std::array<std::byte, Response::size> encode_response(const Response& response) {
  std::array<std::byte, Response::size> bytes{};
  bytes[0] = static_cast<std::byte>(response.status);
  write_little_endian(std::span(bytes).subspan(1), response.values[0]);
  write_little_endian(std::span(bytes).subspan(9), response.values[1]);
  return bytes;
}

}  // namespace redbolt::emulator
