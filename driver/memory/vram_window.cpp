#include "memory/vram_window.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "redbolt/base/checked.hpp"

namespace redbolt::driver {
namespace {

// Dword addresses of the indirect window to video memory. Fixed: needed before discovery.
constexpr std::uint32_t kMmIndex = 0x0;
constexpr std::uint32_t kMmData = 0x1;
constexpr std::uint32_t kMmIndexHigh = 0x6;
constexpr std::uint32_t kIntoVideoMemory = 1u << 31;

}  // namespace

VramWindow::VramWindow(pci::PciFunction& function, pci::Bar bar, RegisterFile& registers)
    : function_(function), bar_(bar), registers_(registers), visible_(function.bar(bar).size) {}

bool VramWindow::is_visible(VramOffset offset, Bytes size) const {
  return range_fits(offset.value(), size.count(), visible_.count());
}

void VramWindow::check(VramOffset offset, std::uint64_t size) const {
  if (is_visible(offset, Bytes(size))) return;
  throw registers_.error(DriverErrorCode::invalid_argument, nullptr,
                         "video memory beyond BAR0's reach was to be accessed through it");
}

void VramWindow::write(VramOffset offset, std::span<const std::byte> data) {
  check(offset, data.size());
  function_.write_block(bar_, pci::BarOffset(offset.value()), data);
}

void VramWindow::read(VramOffset offset, std::span<std::byte> data) {
  check(offset, data.size());
  function_.read_block(bar_, pci::BarOffset(offset.value()), data);
}

void VramWindow::fill_zero(VramOffset offset, Bytes size) {
  static constexpr std::array<std::byte, 4096> zeros{};
  for (std::uint64_t done = 0; done < size.count(); done += zeros.size()) {
    const std::uint64_t step = std::min<std::uint64_t>(zeros.size(), size.count() - done);
    write(offset + Bytes(done), std::span(zeros).first(step));
  }
}

std::uint32_t VramWindow::read32(VramOffset offset) {
  check(offset, sizeof(std::uint32_t));
  return function_.read32(bar_, pci::BarOffset(offset.value()));
}

std::vector<std::byte> VramWindow::read_anywhere(VramOffset offset, Bytes size) {
  std::vector<std::byte> data(size.count());
  if (is_visible(offset, size)) {
    read(offset, data);
    return data;
  }
  for (std::uint64_t at = 0; at + 4 <= size.count(); at += 4) {
    const std::uint64_t address = offset.value() + at;
    registers_.write_at(kMmIndexHigh, static_cast<std::uint32_t>(address >> 31));
    registers_.write_at(kMmIndex,
                        static_cast<std::uint32_t>(address & 0x7fffffff) | kIntoVideoMemory);
    const std::uint32_t value = registers_.read_at(kMmData);
    std::memcpy(data.data() + at, &value, sizeof(value));
  }
  return data;
}

}  // namespace redbolt::driver
