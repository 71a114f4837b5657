#include "remote/wire.hpp"

namespace redbolt::pci::remote {
namespace {

template <class T>
void store(std::byte* bytes, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bytes[i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
  }
}

}  // namespace

std::uint64_t load64(const std::byte* bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return value;
}

void store32(std::byte* bytes, std::uint32_t value) {
  store(bytes, value);
}

void store64(std::byte* bytes, std::uint64_t value) {
  store(bytes, value);
}

std::array<std::byte, kRequestSize> encode(const Request& request) {
  std::array<std::byte, kRequestSize> bytes{};
  bytes[0] = static_cast<std::byte>(request.command);
  store32(&bytes[1], request.device);
  store32(&bytes[5], request.target);
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    store64(&bytes[9 + 8 * i], request.arguments[i]);
  }
  return bytes;
}

Reply decode_reply(std::span<const std::byte, kReplySize> bytes) {
  return {std::to_integer<std::uint8_t>(bytes[0]), {load64(&bytes[1]), load64(&bytes[9])}};
}

}  // namespace redbolt::pci::remote
