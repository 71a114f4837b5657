// Where facts about a machine come from: Linux's sysfs, macOS's I/O registry, or one card behind a
// PciFunction. Collecting changes nothing.
#pragma once

#include "facts/facts.hpp"

namespace redbolt::probe {

class PlatformInventory {
 public:
  virtual ~PlatformInventory() = default;

  // Fills in the system, the way, the tunnels and the cards. What cannot be read stays absent;
  // throws nothing but std::bad_alloc.
  virtual void collect(MachineFacts& facts) = 0;
};

}  // namespace redbolt::probe
