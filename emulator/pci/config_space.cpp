#include "pci/config_space.hpp"

#include <bit>
#include <iterator>

namespace redbolt::emulator {
namespace {

using namespace literals;

constexpr unsigned command = 0x04;
constexpr std::uint32_t io_enable = 1, memory_enable = 2, master_enable = 4;
constexpr unsigned first_bar = 0x10;
constexpr unsigned power_management = 0x50;
constexpr unsigned pci_express = 0x64;
constexpr unsigned msi = 0xa0;
constexpr unsigned vendor_specific = 0x100;
constexpr unsigned error_reporting = 0x150;

constexpr Bytes bar2_size = 256_MiB;
constexpr Bytes bar5_size = 1_MiB;
// Where a PC's firmware would put the BARs; as in the reference trace.
constexpr std::uint64_t bar0_base = 0x7800000000, bar2_base = 0x7000000000;
constexpr std::uint32_t bar5_base = 0xfc900000;

// BARs of the resizable-BAR capability, and the smallest size each offers (log2 of MiB).
struct Resizable {
  unsigned bar;
  unsigned smallest;
};
constexpr Resizable resizable[] = {{0, 8}, {2, 1}};
constexpr unsigned control_of(unsigned entry) {
  return ConfigSpace::resizable_bar_capability + 8 + 8 * entry;
}
constexpr unsigned largest_listed = 27;  // the capability register has bits for 2^0 to 2^27 MiB

unsigned log2_mib(Bytes size) {
  return static_cast<unsigned>(std::countr_zero(size.count() >> 20));
}

}  // namespace

ConfigSpace::ConfigSpace(const ProfileFacts& facts, Bytes bar0, Bytes bar0_max,
                         std::function<void()> on_change)
    : facts_(facts), bar0_(bar0), bar0_max_(bar0_max), on_change_(std::move(on_change)) {
  build();
}

void ConfigSpace::power_on() {
  {
    const std::lock_guard lock(mutex_);
    build();
  }
  if (on_change_) on_change_();
}

void ConfigSpace::put(unsigned offset, unsigned width, std::uint32_t value,
                      std::uint32_t writable) {
  for (unsigned i = 0; i < width; ++i) {
    bytes_[offset + i] = static_cast<std::uint8_t>(value >> 8 * i);
    writable_[offset + i] = static_cast<std::uint8_t>(writable >> 8 * i);
  }
}

std::uint32_t ConfigSpace::get(unsigned offset, unsigned width) const {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < width; ++i)
    value |= static_cast<std::uint32_t>(bytes_[offset + i]) << 8 * i;
  return value;
}

void ConfigSpace::build() {
  bytes_.fill(0);
  writable_.fill(0);
  put(0x00, 2, 0x1002);
  put(0x02, 2, facts_.device_id);
  put(command, 2, io_enable | memory_enable, 0x0547);
  put(0x06, 2, 0x0010);  // there is a list of capabilities
  put(0x08, 4, 0x03000000u | facts_.revision);
  put(0x0c, 1, 0, 0xff);
  put(0x0e, 1, 0x80);  // multi-function: the audio function beside this one is not modelled
  put(0x2c, 2, 0x1002);
  put(0x2e, 2, facts_.subsystem_id);
  put(0x34, 1, power_management);
  put(0x3c, 1, 0xff, 0xff);
  put(0x3d, 1, 1);
  build_capabilities();
  set_bar_size(0, bar0_);
  set_bar_size(2, bar2_size);
  set_bar_size(5, bar5_size);
  build_resizable_bars();
  write_bytes(first_bar, 4, static_cast<std::uint32_t>(bar0_base));
  write_bytes(first_bar + 4, 4, static_cast<std::uint32_t>(bar0_base >> 32));
  write_bytes(first_bar + 8, 4, static_cast<std::uint32_t>(bar2_base));
  write_bytes(first_bar + 12, 4, static_cast<std::uint32_t>(bar2_base >> 32));
  write_bytes(first_bar + 20, 4, bar5_base);
  decode();
}

void ConfigSpace::build_capabilities() {
  put(power_management, 4, 0x01 | pci_express << 8 | 3u << 16);
  put(power_management + 4, 4, 0x8, 0x0103);  // D0; no soft reset on leaving D3hot

  put(pci_express, 4, 0x10 | msi << 8 | 0x12u << 16);  // version 2, legacy endpoint
  put(pci_express + 0x04, 4, 0x21);                    // payload 256 bytes, extended tags, no FLR
  put(pci_express + 0x08, 2, 0x2910, 0x7fff);
  put(pci_express + 0x0c, 4, 4 | 16u << 4 | 2u << 10);  // 16 GT/s, x16
  put(pci_express + 0x10, 2, 0x40, 0x0fff);
  put(pci_express + 0x12, 2, 4 | 16u << 4);  // the link as it runs
  put(pci_express + 0x2c, 4, 0x1e);          // 2.5 to 16 GT/s
  put(pci_express + 0x30, 2, 4, 0xffff);

  put(msi, 4, 0x05 | 0x80u << 16, 0x710000);  // 64-bit addresses
  put(msi + 4, 4, 0, 0xfffffffc);
  put(msi + 8, 4, 0, 0xffffffff);
  put(msi + 12, 2, 0, 0xffff);

  put(vendor_specific, 4, 0x0b | 1u << 16 | error_reporting << 20);
  put(vendor_specific + 4, 4, 1 | 1u << 16 | 0x10u << 20);
  put(error_reporting, 4, 0x01 | 2u << 16 | resizable_bar_capability << 20);
}

void ConfigSpace::build_resizable_bars() {
  put(resizable_bar_capability, 4, 0x15 | 1u << 16);
  for (unsigned entry = 0; entry < std::size(resizable); ++entry) {
    const auto [bar, smallest] = resizable[entry];
    std::uint32_t sizes = 0;
    for (unsigned n = smallest; n <= log2_mib(bar == 0 ? bar0_max_ : bar2_size); ++n)
      sizes |= 1u << (n + 4);
    put(control_of(entry) - 4, 4, sizes);
    put(control_of(entry), 4,
        bar | static_cast<std::uint32_t>(std::size(resizable)) << 5 |
            log2_mib(bar_sizes_[bar]) << 8,
        0x3f00);
  }
}

// Fixes which address bits of the BAR can be written, and drops those of its base that no longer
// can.
void ConfigSpace::set_bar_size(unsigned index, Bytes bar_size) {
  bar_sizes_[index] = bar_size;
  const std::uint64_t mask = ~(bar_size.count() - 1);
  const auto low = static_cast<std::uint32_t>(mask), high = static_cast<std::uint32_t>(mask >> 32);
  const unsigned at = first_bar + 4 * index;
  if (index == 5) {
    put(at, 4, get(at, 4) & low, low);
    return;
  }
  constexpr std::uint32_t prefetchable_64bit = 0xc;
  put(at, 4, (get(at, 4) & low) | prefetchable_64bit, low & ~0xfu);
  put(at + 4, 4, get(at + 4, 4) & high, high);
}

Bytes ConfigSpace::largest(unsigned index) {
  for (unsigned entry = 0; entry < std::size(resizable); ++entry) {
    if (resizable[entry].bar != index) continue;
    const std::lock_guard lock(mutex_);
    const std::uint32_t sizes = get(control_of(entry) - 4, 4);
    return Bytes(std::uint64_t{1} << (16 + std::bit_width(sizes) - 1));
  }
  return Bytes{};
}

std::uint32_t ConfigSpace::read(std::uint32_t offset, unsigned width) {
  const std::lock_guard lock(mutex_);
  return get(offset, width);
}

void ConfigSpace::write_bytes(std::uint32_t offset, unsigned width, std::uint32_t value) {
  for (unsigned i = 0; i < width; ++i) {
    const std::uint8_t mask = writable_[offset + i];
    const auto byte = static_cast<std::uint8_t>(value >> 8 * i);
    bytes_[offset + i] = static_cast<std::uint8_t>((bytes_[offset + i] & ~mask) | (byte & mask));
  }
}

void ConfigSpace::write(std::uint32_t offset, unsigned width, std::uint32_t value) {
  {
    const std::lock_guard lock(mutex_);
    std::array<std::uint32_t, std::size(resizable)> controls{};
    for (unsigned entry = 0; entry < controls.size(); ++entry)
      controls[entry] = get(control_of(entry), 4);
    write_bytes(offset, width, value);
    for (unsigned entry = 0; entry < controls.size(); ++entry) {
      if (get(control_of(entry), 4) != controls[entry]) resize(entry, controls[entry]);
    }
    decode();
  }
  if (on_change_) on_change_();
}

// A size is taken only while memory decoding is off, and only one that the capability lists.
void ConfigSpace::resize(unsigned entry, std::uint32_t previous_control) {
  const unsigned wanted = get(control_of(entry), 4) >> 8 & 0x3f;
  const std::uint32_t sizes = get(control_of(entry) - 4, 4);
  const bool listed = wanted <= largest_listed && (sizes >> (wanted + 4) & 1);
  if (!listed || (get(command, 2) & memory_enable)) {
    put(control_of(entry), 4, previous_control, 0x3f00);
    return;
  }
  set_bar_size(resizable[entry].bar, Bytes(std::uint64_t{1} << (wanted + 20)));
}

pci::BarInfo ConfigSpace::bar(unsigned index) {
  const std::lock_guard lock(mutex_);
  if (index > 5 || bar_sizes_[index] == Bytes{}) return {};
  std::uint64_t base = get(first_bar + 4 * index, 4) & ~0xfu;
  if (index != 5) base |= static_cast<std::uint64_t>(get(first_bar + 4 * index + 4, 4)) << 32;
  return {pci::BusAddress(base), bar_sizes_[index]};
}

void ConfigSpace::decode() {
  const std::uint32_t enabled = get(command, 2);
  const bool in_d0 = (get(power_management + 4, 2) & 3) == 0;
  answers_memory_.store((enabled & memory_enable) && in_d0, std::memory_order_release);
  may_master_.store((enabled & master_enable) && in_d0, std::memory_order_release);
}

}  // namespace redbolt::emulator
