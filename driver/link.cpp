#include "link.hpp"

#include <cstdio>

#include "redbolt/driver/driver_error.hpp"

namespace redbolt::driver {
namespace {

// PCI configuration space.
constexpr pci::ConfigOffset kVendorId{0x0};
constexpr pci::ConfigOffset kCommand{0x4};
constexpr pci::ConfigOffset kStatus{0x6};
constexpr pci::ConfigOffset kFirstBar{0x10};
constexpr pci::ConfigOffset kCapabilities{0x34};
constexpr std::uint32_t kMemorySpace = 1u << 1;
constexpr std::uint32_t kBusMaster = 1u << 2;
constexpr std::uint32_t kHasCapabilities = 1u << 4;
constexpr std::uint32_t kPowerManagement = 0x01;
constexpr unsigned kMaxCapabilities = 48;  // more cannot fit: a loop in the list
constexpr std::uint32_t kAmd = 0x1002;

constexpr const char* kStep = "connect";

}  // namespace

Link::Link(pci::PciFunction& function) : function_(function) {
  const std::uint32_t vendor = function.read_config(kVendorId, 2);
  if (vendor == 0xffff) {
    throw DriverError(DriverErrorCode::link_lost, kStep, "",
                      "nothing answers at " + function.name() + ": check cable and power");
  }
  if (vendor != kAmd) {
    char text[64];
    std::snprintf(text, sizeof(text), "vendor %04x is not AMD (1002)", vendor);
    throw DriverError(DriverErrorCode::unsupported_card, kStep, "", text);
  }
  wake();
  try {
    function.resize_bar(kVramBar, Bytes(0));
  } catch (const pci::PciError& error) {
    // A small BAR0 is slower to boot through, but enough.
    if (error.code() != pci::PciErrorCode::unsupported) throw;
  }
  set_command(kMemorySpace, 0);
  for (std::size_t i = 0; i < saved_bars_.size(); ++i) {
    saved_bars_[i] = function.read_config(kFirstBar + Bytes(i * 4), 4);
  }
}

// Walks the capability list to the power management registers and leaves D3, if the card is there.
void Link::wake() {
  if ((function_.read_config(kStatus, 2) & kHasCapabilities) == 0) return;
  std::uint32_t at = function_.read_config(kCapabilities, 1) & 0xfc;
  for (unsigned i = 0; i < kMaxCapabilities && at != 0; ++i) {
    const std::uint32_t id = function_.read_config(pci::ConfigOffset(at), 1);
    if (id == kPowerManagement) {
      const pci::ConfigOffset control(at + 4);
      const std::uint32_t value = function_.read_config(control, 2);
      constexpr std::uint32_t kPowerState = 0x3;
      if ((value & kPowerState) != 0) function_.write_config(control, 2, value & ~kPowerState);
      return;
    }
    at = function_.read_config(pci::ConfigOffset(at + 1), 1) & 0xfc;
  }
}

void Link::set_command(std::uint32_t set, std::uint32_t clear) {
  const std::uint32_t command = function_.read_config(kCommand, 2);
  function_.write_config(kCommand, 2, (command & ~clear) | set);
}

void Link::enable_bus_master() {
  set_command(kBusMaster, 0);
}
void Link::disable_bus_master() {
  set_command(0, kBusMaster);
}

void Link::restore_configuration() {
  for (std::size_t i = 0; i < saved_bars_.size(); ++i) {
    const pci::ConfigOffset offset = kFirstBar + Bytes(i * 4);
    if (function_.read_config(offset, 4) != saved_bars_[i]) {
      function_.write_config(offset, 4, saved_bars_[i]);
    }
  }
  set_command(kMemorySpace, 0);
}

}  // namespace redbolt::driver
