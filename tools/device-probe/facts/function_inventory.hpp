// One card behind a PciFunction (emulated, or at the other end of a socket), by reads alone.
#pragma once

#include "facts/inventory.hpp"
#include "redbolt/pci/pci_function.hpp"

namespace redbolt::probe {

class FunctionInventory : public PlatformInventory {
 public:
  // way: in_process or server. The function outlives the inventory.
  FunctionInventory(pci::PciFunction& function, Way way) : function_(function), way_(way) {}
  void collect(MachineFacts& facts) override;

 private:
  void read_bars(CardFacts& card);
  void read_discovery(CardFacts& card);

  pci::PciFunction& function_;
  Way way_;
};

}  // namespace redbolt::probe
