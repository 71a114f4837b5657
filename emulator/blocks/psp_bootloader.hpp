// The security processor before its operating system runs: a mailbox that takes the components of
// that system one by one, in their order, and starts the last of them (sOS).
//
// A component that is refused leaves its error in the low bits of C2PMSG_35 beside the ready bit,
// and the bootloader still waits for that component.
//
// Threads: the worker's only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "faults/fault_injector.hpp"
#include "memory/physical_memory.hpp"
#include "redbolt/emulator/card.hpp"

namespace redbolt::emulator {

class PspBootloader {
 public:
  // What C2PMSG_35 reports in its low 16 bits.
  enum class Status : std::uint16_t {
    ok = 0,
    unknown_command = 1,
    out_of_order = 2,
    no_image = 3,    // the address is not in VRAM, or no image header is there
    refused = 0x10,  // plus the ImageVerdict
  };

  PspBootloader(PhysicalMemory& memory, FirmwarePolicy policy, FaultInjector& faults)
      : memory_(memory), policy_(policy), faults_(faults) {}

  // Handles one command with the image at `address`; the result goes to C2PMSG_35's low bits.
  std::uint16_t load(std::uint32_t command, McAddress address);

  // Whether sOS has been accepted and may start.
  bool system_loaded() const { return system_loaded_; }
  void reset();

 private:
  std::uint16_t check(McAddress address, std::size_t component) const;

  PhysicalMemory& memory_;
  const FirmwarePolicy policy_;
  FaultInjector& faults_;
  std::size_t next_ = 0;  // first component of the list that has not been passed
  bool system_loaded_ = false;
};

}  // namespace redbolt::emulator
