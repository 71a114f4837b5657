#include "macos/mac_inventory.hpp"

#include <algorithm>

#include "facts/config_space.hpp"

namespace redbolt::probe {
namespace {

constexpr std::uint32_t class_display = 0x03, class_accelerator = 0x12;
constexpr const char* tiny_gpu = "tinygpu";

std::optional<std::uint64_t> number(const IoEntry& entry, const char* key) {
  const auto found = entry.numbers.find(key);
  return found == entry.numbers.end() ? std::nullopt : std::optional(found->second);
}

std::string text(const IoEntry& entry, const char* key) {
  const auto found = entry.texts.find(key);
  return found == entry.texts.end() ? "" : found->second;
}

template <class To>
To narrowed(std::optional<std::uint64_t> value) {
  return static_cast<To>(value.value_or(0));
}

// The registers of the PCI Express capability, as IOPCIFamily publishes them: speed in bits 0-3,
// width in bits 4-9.
void read_link(const IoEntry& entry, LinkFacts& link) {
  const auto lanes = [](std::uint64_t word) -> std::optional<unsigned> {
    const auto width = static_cast<unsigned>(word >> 4 & 0x3f);
    return width == 0 ? std::nullopt : std::optional(width);
  };
  if (const auto most = number(entry, "IOPCIExpressLinkCapabilities")) {
    link.width_max_lanes = lanes(*most);
    link.speed_max_gt_per_s = link_speed(static_cast<unsigned>(*most & 0xf));
  }
  if (const auto now = number(entry, "IOPCIExpressLinkStatus")) {
    link.width_lanes = lanes(*now);
    link.speed_gt_per_s = link_speed(static_cast<unsigned>(*now & 0xf));
  }
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string driver_of(const IoEntry& entry) {
  for (const std::string& bundle : entry.driver_bundles)
    if (lower(bundle).find(tiny_gpu) != std::string::npos) return "TinyGPU";
  return entry.driver_bundles.empty() ? "" : entry.driver_bundles.front();
}

std::optional<CardFacts> read_card(const IoEntry& entry) {
  CardFacts card;
  card.class_code = narrowed<std::uint32_t>(number(entry, "class-code"));
  const std::uint32_t kind = card.class_code >> 16;
  if (kind != class_display && kind != class_accelerator) return std::nullopt;
  card.address = text(entry, "pcidebug").empty() ? entry.name : text(entry, "pcidebug");
  card.vendor_id = narrowed<std::uint16_t>(number(entry, "vendor-id"));
  card.device_id = narrowed<std::uint16_t>(number(entry, "device-id"));
  card.revision = narrowed<std::uint8_t>(number(entry, "revision-id"));
  card.subsystem_vendor_id = narrowed<std::uint16_t>(number(entry, "subsystem-vendor-id"));
  card.subsystem_id = narrowed<std::uint16_t>(number(entry, "subsystem-id"));
  card.name = name_card(card.vendor_id, card.device_id, card.revision);
  if (const auto tunnelled = number(entry, "IOPCITunnelled")) card.removable = *tunnelled != 0;
  card.driver = driver_of(entry);
  read_link(entry, card.link);
  card.narrowest_link = card.link;
  card.narrowest_link_at = card.address;
  card.discovery =
      Reading<DiscoveryFacts>::skipped("only TinyGPU can read it: look with --device tinygpu");
  return card;
}

// Depth 0 is the machine's own switch.
std::optional<TunnelFacts> read_tunnel(const IoEntry& entry) {
  if (narrowed<unsigned>(number(entry, "Depth")) == 0) return std::nullopt;
  TunnelFacts tunnel;
  tunnel.id = text(entry, "UID").empty() ? entry.name : text(entry, "UID");
  tunnel.name = text(entry, "Device Model Name");
  tunnel.vendor = text(entry, "Device Vendor Name");
  if (const auto version = number(entry, "Thunderbolt Version"))
    tunnel.generation = static_cast<unsigned>(*version);
  return tunnel;
}

}  // namespace

MacInventory::MacInventory(std::unique_ptr<IoRegistry> registry, std::filesystem::path application)
    : registry_(std::move(registry)), application_(std::move(application)) {}

void MacInventory::collect(MachineFacts& facts) {
  facts.system = "macos";
  facts.way = Way::local;
  for (const IoEntry& entry : registry_->entries("IOThunderboltSwitch")) {
    facts.tunnels_known = true;
    if (auto tunnel = read_tunnel(entry)) facts.tunnels.push_back(std::move(*tunnel));
  }
  for (const IoEntry& entry : registry_->entries("IOPCIDevice"))
    if (auto card = read_card(entry)) facts.cards.push_back(std::move(*card));
  const bool taken = std::any_of(facts.cards.begin(), facts.cards.end(),
                                 [](const CardFacts& card) { return card.driver == "TinyGPU"; });
  std::error_code ignored;
  if (taken) return;
  facts.helper = std::filesystem::exists(application_, ignored)
                     ? "TinyGPU is installed, and its driver extension has no card"
                     : "TinyGPU is not installed in " + application_.parent_path().string();
}

}  // namespace redbolt::probe
