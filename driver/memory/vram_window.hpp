// The host's view of video memory: BAR0 as far as it reaches, and the slow MM_INDEX/MM_DATA
// register pair beyond it (a dword at a time; good enough for the discovery table).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "redbolt/driver/gpu_address.hpp"
#include "redbolt/pci/pci_function.hpp"
#include "register_file.hpp"

namespace redbolt::driver {

class VramWindow {
 public:
  VramWindow(pci::PciFunction& function, pci::Bar bar, RegisterFile& registers);

  Bytes visible() const { return visible_; }
  bool is_visible(VramOffset offset, Bytes size) const;

  // The range has to be visible; throws DriverError::invalid_argument otherwise. Writes reach the
  // card's engines only after an HDP flush.
  void write(VramOffset offset, std::span<const std::byte> data);
  void read(VramOffset offset, std::span<std::byte> data);
  void fill_zero(VramOffset offset, Bytes size);
  std::uint32_t read32(VramOffset offset);

  // Any range; offset and size are multiples of 4.
  std::vector<std::byte> read_anywhere(VramOffset offset, Bytes size);

 private:
  void check(VramOffset offset, std::uint64_t size) const;

  pci::PciFunction& function_;
  pci::Bar bar_;
  RegisterFile& registers_;
  Bytes visible_;
};

}  // namespace redbolt::driver
