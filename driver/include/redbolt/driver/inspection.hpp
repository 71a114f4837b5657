// What a card says of itself before anything is booted: its IP discovery table, read and understood
// without changing the card. For tools that look at a card they do not own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "redbolt/base/quantity.hpp"
#include "redbolt/firmware/firmware_set.hpp"

namespace redbolt::driver {

// Where the register is (a byte offset in BAR 5) that holds the size of the video memory in MiB;
// all ones when the card does not answer.
inline constexpr std::uint64_t kMemorySizeRegister = 0xde3 * 4;

// Where the discovery table lies, counted from the end of the video memory, and how much of it is
// to be read.
inline constexpr Bytes kDiscoveryTableFromEnd{64 << 10};
inline constexpr Bytes kDiscoveryTableSize{10 << 10};

struct DiscoverySummary {
  std::map<std::string, std::string> ip_versions;  // "GC" -> "11.0.0"
  unsigned block_count = 0;
  unsigned shader_engines = 0;
  unsigned compute_units = 0;  // that the chip has, before any are turned off
};

// Throws DriverError::invalid_discovery, which says what is wrong with the table.
DiscoverySummary summarise_discovery(std::span<const std::byte> table);

struct KnownChip {
  std::string name;        // "Navi31"
  std::string gfx_target;  // "gfx1100"
  firmware::ChipFirmwareNames firmware;
};

// The chip with this version of the graphics core ("11.0.0"), if the driver can boot it.
std::optional<KnownChip> known_chip(const std::string& gc_version);

}  // namespace redbolt::driver
