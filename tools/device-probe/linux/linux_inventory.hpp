// What a Linux machine says of its cards: sysfs, and, where nobody uses the card and this user may,
// a read of its IP discovery table through its BARs.
#pragma once

#include <filesystem>

#include "facts/inventory.hpp"

namespace redbolt::probe {

class LinuxInventory : public PlatformInventory {
 public:
  // sysfs: "/sys", or a made-up tree. devices: "/dev", where VFIO groups are.
  explicit LinuxInventory(std::filesystem::path sysfs = "/sys",
                          std::filesystem::path devices = "/dev");
  void collect(MachineFacts& facts) override;

 private:
  std::filesystem::path sysfs_;
  std::filesystem::path devices_;
};

}  // namespace redbolt::probe
