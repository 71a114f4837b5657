#include "facts/config_space.hpp"

#include <algorithm>
#include <array>

#include "redbolt/base/checked.hpp"

namespace redbolt::probe {
namespace {

// PCI Local Bus Specification 3.0, chapter 6; PCI Express Base Specification, 7.5.3.
constexpr std::size_t header_size = 64;
constexpr std::uint32_t memory_space = 1u << 1;
constexpr std::uint32_t has_capabilities = 1u << 4;
constexpr std::uint32_t power_management = 0x01, pci_express = 0x10;
constexpr unsigned most_capabilities = 48;  // more cannot fit: a loop in the list

class Bytes {
 public:
  explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::optional<std::uint32_t> get(std::size_t offset, std::size_t width) const {
    if (!range_fits(offset, width, bytes_.size())) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
      value |= std::to_integer<std::uint32_t>(bytes_[offset + i]) << 8 * i;
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
};

std::optional<std::size_t> find_capability(const Bytes& bytes, std::uint32_t id) {
  if ((bytes.get(0x06, 2).value_or(0) & has_capabilities) == 0) return std::nullopt;
  std::optional<std::uint32_t> at = bytes.get(0x34, 1);
  for (unsigned i = 0; i < most_capabilities && at && *at >= header_size; ++i) {
    const std::size_t offset = *at & 0xfc;
    if (bytes.get(offset, 1) == id) return offset;
    at = bytes.get(offset + 1, 1);
  }
  return std::nullopt;
}

std::optional<unsigned> lanes(std::uint32_t link) {
  const unsigned width = link >> 4 & 0x3f;
  return width == 0 ? std::nullopt : std::optional(width);
}

void read_link(const Bytes& bytes, LinkFacts& link) {
  const auto express = find_capability(bytes, pci_express);
  if (!express) return;
  if (const auto most = bytes.get(*express + 0x0c, 4)) {
    link.width_max_lanes = lanes(*most);
    link.speed_max_gt_per_s = link_speed(*most & 0xf);
  }
  if (const auto now = bytes.get(*express + 0x12, 2)) {
    link.width_lanes = lanes(*now);
    link.speed_gt_per_s = link_speed(*now & 0xf);
  }
}

void read_power_state(const Bytes& bytes, CardFacts& card) {
  constexpr std::array states{"D0", "D1", "D2", "D3hot"};
  const auto at = find_capability(bytes, power_management);
  if (!at) return;
  if (const auto control = bytes.get(*at + 4, 2)) card.power_state = states[*control & 3];
}

}  // namespace

std::optional<double> link_speed(unsigned code) {
  constexpr std::array speeds{2.5, 5.0, 8.0, 16.0, 32.0, 64.0};
  if (code == 0 || code > speeds.size()) return std::nullopt;
  return speeds[code - 1];
}

void read_config_space(std::span<const std::byte> all, CardFacts& card) {
  const Bytes bytes(all);
  if (all.size() < header_size) return;
  const auto header = all.first(header_size);
  card.answers =
      !std::all_of(header.begin(), header.end(), [](std::byte b) { return b == std::byte{0xff}; });
  if (!card.answers) return;
  card.vendor_id = static_cast<std::uint16_t>(*bytes.get(0x00, 2));
  card.device_id = static_cast<std::uint16_t>(*bytes.get(0x02, 2));
  card.memory_decoding = (*bytes.get(0x04, 2) & memory_space) != 0;
  card.revision = static_cast<std::uint8_t>(*bytes.get(0x08, 1));
  card.class_code = *bytes.get(0x08, 4) >> 8;
  card.subsystem_vendor_id = static_cast<std::uint16_t>(*bytes.get(0x2c, 2));
  card.subsystem_id = static_cast<std::uint16_t>(*bytes.get(0x2e, 2));
  read_link(bytes, card.link);
  if (!card.power_state) read_power_state(bytes, card);
}

}  // namespace redbolt::probe
