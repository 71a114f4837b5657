#include "facts/card_names.hpp"

#include <array>
#include <cstdio>

namespace redbolt::probe {

namespace {

struct Vendor {
  std::uint16_t id;
  const char* name;
  const char* why_not;
};

constexpr Vendor vendors[] = {
    {vendor_amd, "AMD",
     "Redbolt boots the Radeon RX 7900 XT and XTX (Navi31) only: it has no boot sequence for this "
     "chip"},
    {vendor_nvidia, "NVIDIA",
     "Redbolt boots AMD's firmware and runs AMD's gfx11 machine code, which an NVIDIA card does "
     "not; use CUDA, for instance llama.cpp with its CUDA backend"},
    {vendor_intel, "Intel",
     "Redbolt boots AMD's firmware and runs AMD's gfx11 machine code, which Intel graphics do not; "
     "use SYCL or Vulkan, for instance llama.cpp with its SYCL backend"},
};

const Vendor* find_vendor(std::uint16_t id) {
  for (const Vendor& vendor : vendors)
    if (vendor.id == id) return &vendor;
  return nullptr;
}

const CardRow* find_row(std::uint16_t vendor, std::uint16_t device, std::uint8_t revision) {
  const CardRow* found = nullptr;
  for (std::size_t i = 0; i < card_row_count; ++i) {
    const CardRow& row = card_rows[i];
    if (row.vendor_id != vendor || row.device_id != device) continue;
    if (row.revision == revision) return &row;
    if (row.revision == any_revision) found = &row;
  }
  return found;
}

std::string unknown_name(const Vendor* vendor, std::uint16_t vendor_id, std::uint16_t device_id) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%s card %04x:%04x", vendor ? vendor->name : "unknown",
                vendor_id, device_id);
  return text.data();
}

}  // namespace

CardName name_card(std::uint16_t vendor_id, std::uint16_t device_id, std::uint8_t revision) {
  const Vendor* vendor = find_vendor(vendor_id);
  const CardRow* row = find_row(vendor_id, device_id, revision);
  CardName name;
  if (row != nullptr) {
    const std::string prefix = vendor_id == vendor_amd || !vendor ? "" : vendor->name;
    name.name = (prefix.empty() ? "" : prefix + " ") + row->name;
    name.chip = row->chip;
    name.gfx_target = row->gfx_target;
    name.supported = row->supported;
  } else {
    name.name = unknown_name(vendor, vendor_id, device_id);
  }
  if (!name.supported)
    name.why_not = vendor ? vendor->why_not : "Redbolt drives AMD's Radeon RX 7900 XT and XTX only";
  return name;
}

}  // namespace redbolt::probe
