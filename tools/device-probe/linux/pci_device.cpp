#include "linux/pci_device.hpp"

#include <unistd.h>

#include "facts/config_space.hpp"
#include "linux/bar_discovery.hpp"
#include "linux/sysfs.hpp"

namespace redbolt::probe {
namespace {

constexpr std::size_t config_size = 256;
constexpr std::uint32_t class_display = 0x03, class_accelerator = 0x12;
constexpr std::uint64_t flag_memory = 0x200, flag_unset = 0x20000000;  // linux/ioport.h
constexpr unsigned bar_count = 6;

template <class To>
To narrowed(std::optional<std::uint64_t> value) {
  return static_cast<To>(value.value_or(0));
}

// The kernel keeps these from when it found the card; they stay when the card is gone.
void read_identity(const Path& device, CardFacts& card) {
  card.vendor_id = narrowed<std::uint16_t>(read_hex(device / "vendor"));
  card.device_id = narrowed<std::uint16_t>(read_hex(device / "device"));
  card.subsystem_vendor_id = narrowed<std::uint16_t>(read_hex(device / "subsystem_vendor"));
  card.subsystem_id = narrowed<std::uint16_t>(read_hex(device / "subsystem_device"));
  card.revision = narrowed<std::uint8_t>(read_hex(device / "revision"));
  card.class_code = narrowed<std::uint32_t>(read_hex(device / "class"));
}

// Lines of "start end flags".
void read_bars(const Path& device, CardFacts& card) {
  const auto lines = read_lines(device / "resource");
  for (unsigned index = 0; index < lines.size() && index < bar_count; ++index) {
    unsigned long long start = 0, end = 0, flags = 0;
    if (std::sscanf(lines[index].c_str(), "%llx %llx %llx", &start, &end, &flags) != 3) continue;
    if ((flags & flag_memory) == 0 || end <= start) continue;
    card.bars.push_back({index, (flags & flag_unset) != 0 ? 0 : start, end - start + 1});
  }
}

LinkFacts read_link(const Path& device) {
  const auto lanes = [&](const char* name) -> std::optional<unsigned> {
    const auto value = read_unsigned(device / name);
    // 0 and 255 stand for a link that is down or not known.
    if (!value || *value == 0 || *value > 64) return std::nullopt;
    return static_cast<unsigned>(*value);
  };
  return {lanes("current_link_width"), lanes("max_link_width"),
          read_quantity(device / "current_link_speed"), read_quantity(device / "max_link_speed")};
}

std::optional<double> rate(const LinkFacts& link) {
  if (!link.width_lanes || !link.speed_gt_per_s) return std::nullopt;
  return *link.width_lanes * *link.speed_gt_per_s;
}

// A card's own link may end at a switch on the card; the cable is further up.
void find_narrowest_link(const Path& device, CardFacts& card) {
  card.narrowest_link = card.link;
  card.narrowest_link_at = card.address;
  std::error_code error;
  const Path real = std::filesystem::canonical(device, error);
  if (error) return;
  for (Path at = real.parent_path(); at.filename().string().find(':') != std::string::npos &&
                                     !at.filename().string().starts_with("pci");
       at = at.parent_path()) {
    const LinkFacts link = read_link(at);
    const auto here = rate(link), narrowest = rate(card.narrowest_link);
    if (here && (!narrowest || *here < *narrowest)) {
      card.narrowest_link = link;
      card.narrowest_link_at = at.filename().string();
    }
  }
}

void read_iommu(const Path& sysfs, const Path& device, CardFacts& card) {
  card.iommu_group = link_name(device / "iommu_group");
  if (!card.iommu_group) return;
  card.iommu_type = read_text(sysfs / "kernel/iommu_groups" / *card.iommu_group / "type");
}

// VFIO hands out its group; a card that nobody has is reached through its BARs.
void read_access(const Path& device, const Path& devices, CardFacts& card) {
  Path path;
  if (card.driver == "vfio-pci" && card.iommu_group) {
    path = devices / "vfio" / *card.iommu_group;
  } else if (card.driver == "" || card.driver == "pci-stub") {
    path = device / "resource0";
  }
  if (!path.empty() && ::access(path.c_str(), F_OK) == 0)
    card.access = AccessFacts{path, ::access(path.c_str(), R_OK | W_OK) == 0};
}

// amdgpu shows what it found: die/0/NAME/INSTANCE/{major,minor,revision}.
Reading<DiscoveryFacts> discovery_of_amdgpu(const Path& device) {
  DiscoveryFacts facts;
  for (const Path& block : entries(device / "ip_discovery/die/0")) {
    const Path instance = block / "0";
    const auto major = read_unsigned(instance / "major"), minor = read_unsigned(instance / "minor"),
               revision = read_unsigned(instance / "revision");
    const std::string name = block.filename().string();
    if (!major || !minor || !revision || name.find_first_not_of("0123456789") == std::string::npos)
      continue;
    facts.ip_versions[name] =
        std::to_string(*major) + "." + std::to_string(*minor) + "." + std::to_string(*revision);
  }
  if (facts.ip_versions.empty())
    return Reading<DiscoveryFacts>::skipped("amdgpu, which has the card, does not show it");
  return {std::move(facts), {}, {}};
}

void read_discovery(const Path& device, CardFacts& card) {
  using Discovery = Reading<DiscoveryFacts>;
  if (card.driver == "amdgpu") {
    card.vram_bytes = read_unsigned(device / "mem_info_vram_total");
    card.discovery = discovery_of_amdgpu(device);
  } else if (card.driver != "" && card.driver != "pci-stub") {
    card.discovery = Discovery::skipped(card.driver.value_or("a driver") +
                                        " has the card; its registers are left alone");
  } else {
    card.discovery = discovery_through_bars(device, card);
  }
}

}  // namespace

std::optional<CardFacts> read_pci_device(const Path& sysfs, const Path& device,
                                         const Path& devices) {
  CardFacts card;
  card.address = device.filename().string();
  read_identity(device, card);
  const std::uint32_t kind = card.class_code >> 16;
  if (kind != class_display && kind != class_accelerator) return std::nullopt;
  card.name = name_card(card.vendor_id, card.device_id, card.revision);
  card.power_state = read_text(device / "power_state");
  if (card.power_state == "unknown" || card.power_state == "error") card.power_state.reset();
  const CardFacts known = card;
  read_config_space(read_bytes(device / "config", config_size), card);
  if (!card.answers) return card;
  card.vendor_id = known.vendor_id;  // as the kernel has it: a bare tree may lack "config"
  card.device_id = known.device_id;
  const auto removable = read_text(device / "removable");
  if (removable && removable != "unknown") card.removable = removable == "removable";
  card.driver = link_name(device / "driver").value_or("");
  card.link = read_link(device);
  read_bars(device, card);
  find_narrowest_link(device, card);
  read_iommu(sysfs, device, card);
  read_access(device, devices, card);
  if (card.name.supported) {
    read_discovery(device, card);
  } else {
    card.discovery = Reading<DiscoveryFacts>::skipped("not a card for Redbolt");
  }
  return card;
}

}  // namespace redbolt::probe
