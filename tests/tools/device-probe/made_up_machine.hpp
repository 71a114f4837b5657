// A made-up /sys in a temporary folder, laid out as Linux documents it
// (Documentation/ABI/testing/sysfs-bus-pci, -thunderbolt): real folders below devices/, links to
// them below bus/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "temporary_folder.hpp"

namespace redbolt::test {

struct MadeUpCard {
  std::string address = "0000:05:00.0";
  std::uint16_t vendor = 0x1002, device = 0x744c;
  std::uint8_t revision = 0xc8;
  std::string driver;  // empty: nobody
  std::uint64_t bar0 = std::uint64_t{32} << 30;
  std::uint64_t bar0_base = 0x7800000000;
  std::optional<int> iommu_group = 14;
  std::string iommu_type = "DMA";
  bool removable = true;
  bool gone = false;  // configuration space is all ones
  std::string width = "16", speed = "16.0 GT/s PCIe";
  // Of the bridge above the card: where the tunnel is narrow.
  std::string bridge_width = "4", bridge_speed = "8.0 GT/s PCIe";
  // With contents, resource0 and resource5 are there and hold this IP discovery table.
  std::vector<std::byte> discovery;
  std::uint64_t vram = std::uint64_t{24} << 30;
};

struct MadeUpTunnel {
  std::string id = "0-1";
  bool authorised = true;
  std::string name = "Core X", vendor = "Razer";
  std::string uuid = "c4010000-0080-7f08-2394-00421c82e522";
};

class MadeUpMachine {
 public:
  MadeUpMachine();
  MadeUpMachine& add(const MadeUpCard& card);
  MadeUpMachine& add(const MadeUpTunnel& tunnel);
  // A Thunderbolt controller with nothing plugged in.
  MadeUpMachine& add_thunderbolt();

  std::filesystem::path sysfs() const { return folder_.path() / "sys"; }
  std::filesystem::path devices() const { return folder_.path() / "dev"; }
  std::filesystem::path card_folder(const MadeUpCard& card) const;
  void write(const std::filesystem::path& file, const std::string& text) const;

 private:
  TemporaryFolder folder_;
};

}  // namespace redbolt::test
