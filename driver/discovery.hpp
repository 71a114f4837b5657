// The IP discovery table: which hardware blocks a card has, their versions, where their registers
// lie, and how many shader engines it has. The table lies near the end of the video memory and is
// read before anything else is known, so nothing in it is trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/base/quantity.hpp"

namespace redbolt::driver {

// Where the table lies (from the end of the video memory) and how much of it is read.
inline constexpr Bytes kDiscoveryFromEnd{64 << 10};
inline constexpr Bytes kDiscoverySize{10 << 10};

// AMD's numbers of the blocks this driver asks for (card/hw_ids.csv of the reference tables).
enum class HardwareId : std::uint16_t {
  mp1 = 1,
  gc = 11,
  mmhub = 34,
  osssys = 40,
  hdp = 41,
  sdma0 = 42,
  nbif = 108,
  mp0 = 255,
};

struct IpBlock {
  std::uint16_t hardware_id = 0;
  unsigned instance = 0;
  unsigned major = 0, minor = 0, revision = 0;
  std::vector<std::uint32_t> bases;  // in dwords

  std::string version() const;  // "11.0.0"
};

// What the GC table says of the graphics core, before harvesting.
struct GraphicsCoreInfo {
  unsigned shader_engines = 0;
  unsigned shader_arrays_per_engine = 0;
  unsigned workgroup_processors_per_array = 0;
  unsigned wave_size = 0;
  unsigned waves_per_simd = 0;

  unsigned compute_units() const {
    return shader_engines * shader_arrays_per_engine * workgroup_processors_per_array * 2;
  }
};

struct DiscoveryTable {
  std::vector<IpBlock> blocks;  // without harvested instances
  GraphicsCoreInfo graphics;

  // First instance of a block, or nullptr.
  const IpBlock* find(HardwareId id) const;
};

// Throws DriverError::invalid_discovery, which says what is wrong.
DiscoveryTable parse_discovery(std::span<const std::byte> bytes);

// "GC" for 11, "" for numbers this driver has no name for.
std::string_view block_name(std::uint16_t hardware_id);

}  // namespace redbolt::driver
