#include "redbolt/driver/inspection.hpp"

#include "chip_facts.hpp"
#include "discovery.hpp"

namespace redbolt::driver {

static_assert(kDiscoveryTableFromEnd == kDiscoveryFromEnd && kDiscoveryTableSize == kDiscoverySize);

DiscoverySummary summarise_discovery(std::span<const std::byte> bytes) {
  const DiscoveryTable table = parse_discovery(bytes);
  DiscoverySummary summary;
  for (const IpBlock& block : table.blocks) {
    const std::string_view name = block_name(block.hardware_id);
    if (!name.empty()) summary.ip_versions.emplace(name, block.version());
  }
  summary.block_count = static_cast<unsigned>(table.blocks.size());
  summary.shader_engines = table.graphics.shader_engines;
  summary.compute_units = table.graphics.compute_units();
  return summary;
}

std::optional<KnownChip> known_chip(const std::string& gc_version) {
  for (const ChipFacts& chip : all_chips()) {
    const IpBlock gc{0, 0, chip.gc_major, chip.gc_minor, chip.gc_revision, {}};
    if (gc.version() == gc_version)
      return KnownChip{chip.name, chip.gfx_target, chip.firmware_names()};
  }
  return std::nullopt;
}

}  // namespace redbolt::driver
