// A card's IP discovery table through its BARs, which sysfs lets a privileged user map.
#pragma once

#include <filesystem>

#include "facts/facts.hpp"

namespace redbolt::probe {

// device: below /sys/bus/pci/devices, with nobody using the card. Reads one register and the table,
// and also fills in the size of the video memory. Maps for reading only.
Reading<DiscoveryFacts> discovery_through_bars(const std::filesystem::path& device,
                                               CardFacts& card);

}  // namespace redbolt::probe
