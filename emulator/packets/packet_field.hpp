// Bits of packets, written the way the reference tables list them: dword, lowest bit, highest bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace redbolt::emulator {

// A whole packet, header first.
using Packet = std::span<const std::uint32_t>;

constexpr std::uint32_t extract_bits(std::uint32_t word, unsigned low, unsigned high) {
  const unsigned width = high - low + 1;
  const std::uint32_t mask = width >= 32 ? 0xffffffffu : (1u << width) - 1;
  return (word >> low) & mask;
}

struct PacketField {
  std::size_t dword = 0;
  unsigned low = 0;
  unsigned high = 31;

  constexpr std::uint32_t of(Packet packet) const { return extract_bits(packet[dword], low, high); }
};

// A 64-bit value in two dwords, low half first.
struct PacketField64 {
  std::size_t dword = 0;

  constexpr std::uint64_t of(Packet packet) const {
    return packet[dword] | static_cast<std::uint64_t>(packet[dword + 1]) << 32;
  }
};

}  // namespace redbolt::emulator
