// The card as a PCI function: which BAR is what, power state, memory decoding, bus mastering, and
// what has to be put back after a reset.
#pragma once

#include <array>
#include <cstdint>

#include "redbolt/pci/pci_function.hpp"

namespace redbolt::driver {

inline constexpr pci::Bar kVramBar = pci::Bar::k0;
inline constexpr pci::Bar kDoorbellBar = pci::Bar::k2;
inline constexpr pci::Bar kRegisterBar = pci::Bar::k5;

class Link {
 public:
  // Checks that this is a card of AMD's, wakes it, asks for the largest BAR0 and lets it decode
  // memory accesses. Throws DriverError (unsupported_card, link_lost) or pci::PciError.
  explicit Link(pci::PciFunction& function);

  void enable_bus_master();  // lets the card reach host memory
  void disable_bus_master();

  // Writes back what a reset of the card takes from the configuration space.
  void restore_configuration();

 private:
  void set_command(std::uint32_t set, std::uint32_t clear);
  void wake();

  pci::PciFunction& function_;
  static constexpr std::size_t kSavedDwords = 6;  // the BARs
  std::array<std::uint32_t, kSavedDwords> saved_bars_{};
};

}  // namespace redbolt::driver
