#include "linux/linux_inventory.hpp"

#include "linux/pci_device.hpp"
#include "linux/sysfs.hpp"
#include "linux/thunderbolt.hpp"

namespace redbolt::probe {

LinuxInventory::LinuxInventory(std::filesystem::path sysfs, std::filesystem::path devices)
    : sysfs_(std::move(sysfs)), devices_(std::move(devices)) {}

void LinuxInventory::collect(MachineFacts& facts) {
  facts.system = "linux";
  facts.way = Way::local;
  collect_tunnels(sysfs_, facts);
  for (const Path& device : entries(sysfs_ / "bus/pci/devices")) {
    if (auto card = read_pci_device(sysfs_, device, devices_))
      facts.cards.push_back(std::move(*card));
  }
}

}  // namespace redbolt::probe
