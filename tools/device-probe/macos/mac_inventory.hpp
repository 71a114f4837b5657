// What a Mac says of its cards: PCI devices and Thunderbolt switches in the I/O registry, and
// whether the TinyGPU driver extension has taken the card.
#pragma once

#include <filesystem>
#include <memory>

#include "facts/inventory.hpp"
#include "macos/io_registry.hpp"

namespace redbolt::probe {

class MacInventory : public PlatformInventory {
 public:
  // application: where the TinyGPU app is when it is installed.
  explicit MacInventory(std::unique_ptr<IoRegistry> registry,
                        std::filesystem::path application = "/Applications/TinyGPU.app");
  void collect(MachineFacts& facts) override;

 private:
  std::unique_ptr<IoRegistry> registry_;
  std::filesystem::path application_;
};

}  // namespace redbolt::probe
