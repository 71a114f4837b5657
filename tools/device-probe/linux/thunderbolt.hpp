// Thunderbolt and USB4 as Linux shows them (Documentation/ABI/testing/sysfs-bus-thunderbolt).
#pragma once

#include <filesystem>

#include "facts/facts.hpp"

namespace redbolt::probe {

// sysfs: the root, "/sys". Fills in tunnels_known and tunnels.
void collect_tunnels(const std::filesystem::path& sysfs, MachineFacts& facts);

}  // namespace redbolt::probe
