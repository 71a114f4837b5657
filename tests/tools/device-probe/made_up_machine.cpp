#include "made_up_machine.hpp"

#include <cstdio>
#include <cstring>
#include <fstream>

namespace redbolt::test {
namespace {

namespace fs = std::filesystem;
constexpr const char* root_port = "devices/pci0000:00/0000:00:07.0";
constexpr std::uint64_t memory_bar = 0x140204;  // IORESOURCE_MEM | SIZEALIGN | MEM_64 ...

std::string hex(std::uint64_t value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%0*llx", digits, static_cast<unsigned long long>(value));
  return text;
}

// The first 64 bytes, as any user may read them.
std::string config_header(const MadeUpCard& card) {
  std::string bytes(64, card.gone ? '\xff' : '\0');
  if (card.gone) return bytes;
  const auto put = [&](std::size_t at, auto value) {
    std::memcpy(&bytes[at], &value, sizeof value);
  };
  put(0x00, card.vendor);
  put(0x02, card.device);
  put(0x04, std::uint16_t{0x0006});
  put(0x08, card.revision);
  put(0x0b, std::uint8_t{0x03});
  return bytes;
}

std::string resource_line(std::uint64_t base, std::uint64_t size) {
  if (size == 0) return hex(0, 16) + " " + hex(0, 16) + " " + hex(0, 16) + "\n";
  return hex(base, 16) + " " + hex(base + size - 1, 16) + " " + hex(memory_bar, 16) + "\n";
}

// Sparse, so that 32 GiB cost nothing.
void write_at(const fs::path& file, std::uint64_t size, std::uint64_t at,
              const std::vector<std::byte>& bytes) {
  std::ofstream(file, std::ios::binary).close();
  fs::resize_file(file, size);
  std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
  stream.seekp(static_cast<std::streamoff>(at));
  stream.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

MadeUpMachine::MadeUpMachine() {
  fs::create_directories(sysfs() / "bus/pci/devices");
  fs::create_directories(devices() / "vfio");
}

void MadeUpMachine::write(const fs::path& file, const std::string& text) const {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

fs::path MadeUpMachine::card_folder(const MadeUpCard& card) const {
  return sysfs() / root_port / "0000:04:00.0" / card.address;
}

MadeUpMachine& MadeUpMachine::add(const MadeUpCard& card) {
  const fs::path folder = card_folder(card), bridge = folder.parent_path();
  write(bridge / "current_link_width", card.bridge_width + "\n");
  write(bridge / "max_link_width", "16\n");
  write(bridge / "current_link_speed", card.bridge_speed + "\n");
  write(bridge / "max_link_speed", "16.0 GT/s PCIe\n");
  write(folder / "vendor", hex(card.vendor, 4) + "\n");
  write(folder / "device", hex(card.device, 4) + "\n");
  write(folder / "revision", hex(card.revision, 2) + "\n");
  write(folder / "subsystem_vendor", "0x1002\n");
  write(folder / "subsystem_device", "0x0e3b\n");
  write(folder / "class", "0x030000\n");
  write(folder / "power_state", "D0\n");
  write(folder / "removable", card.removable ? "removable\n" : "fixed\n");
  write(folder / "current_link_width", card.width + "\n");
  write(folder / "max_link_width", "16\n");
  write(folder / "current_link_speed", card.speed + "\n");
  write(folder / "max_link_speed", "16.0 GT/s PCIe\n");
  write(folder / "config", config_header(card));
  write(folder / "resource", resource_line(card.bar0_base, card.bar0) + resource_line(0, 0) +
                                 resource_line(0x7000000000, std::uint64_t{256} << 20) +
                                 resource_line(0, 0) + resource_line(0, 0) +
                                 resource_line(0xfc900000, std::uint64_t{1} << 20));
  if (!card.driver.empty())
    fs::create_directory_symlink("../../../../bus/pci/drivers/" + card.driver, folder / "driver");
  if (card.iommu_group) {
    const std::string group = std::to_string(*card.iommu_group);
    write(sysfs() / "kernel/iommu_groups" / group / "type", card.iommu_type + "\n");
    fs::create_directory_symlink("../../../../kernel/iommu_groups/" + group,
                                 folder / "iommu_group");
    write(devices() / "vfio" / group, "");
  }
  if (!card.discovery.empty()) {
    write_at(folder / "resource0", card.bar0, card.vram - (64 << 10), card.discovery);
    const auto megabytes = static_cast<std::uint32_t>(card.vram >> 20);
    std::vector<std::byte> word(4);
    std::memcpy(word.data(), &megabytes, 4);
    // RCC_CONFIG_MEMSIZE, dword 0xde3 of BAR 5.
    write_at(folder / "resource5", 1 << 20, 0xde3 * 4, word);
  }
  fs::create_directory_symlink("../../../" + fs::relative(folder, sysfs()).string(),
                               sysfs() / "bus/pci/devices" / card.address);
  return *this;
}

MadeUpMachine& MadeUpMachine::add_thunderbolt() {
  const fs::path domain = sysfs() / "bus/thunderbolt/devices/domain0";
  write(domain / "security", "user\n");
  write(domain / "iommu_dma_protection", "1\n");
  write(domain.parent_path() / "0-0/device_name", "This laptop\n");
  write(domain.parent_path() / "0-0/authorized", "1\n");
  return *this;
}

MadeUpMachine& MadeUpMachine::add(const MadeUpTunnel& tunnel) {
  add_thunderbolt();
  const fs::path folder = sysfs() / "bus/thunderbolt/devices" / tunnel.id;
  write(folder / "authorized", tunnel.authorised ? "1\n" : "0\n");
  write(folder / "device_name", tunnel.name + "\n");
  write(folder / "vendor_name", tunnel.vendor + "\n");
  write(folder / "unique_id", tunnel.uuid + "\n");
  write(folder / "generation", "3\n");
  write(folder / "rx_speed", "20.0 Gb/s\n");
  write(folder / "rx_lanes", "2\n");
  return *this;
}

}  // namespace redbolt::test
