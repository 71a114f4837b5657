// One PCI device below /sys/bus/pci/devices (Documentation/ABI/testing/sysfs-bus-pci).
#pragma once

#include <filesystem>
#include <optional>

#include "facts/facts.hpp"

namespace redbolt::probe {

// Nothing for what is neither a display nor a processing accelerator nor a card of AMD's that has
// stopped to answer.
std::optional<CardFacts> read_pci_device(const std::filesystem::path& sysfs,
                                         const std::filesystem::path& device,
                                         const std::filesystem::path& devices);

}  // namespace redbolt::probe
