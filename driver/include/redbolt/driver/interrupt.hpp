// What the card reports through its interrupt ring, decoded.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "redbolt/driver/gpu_address.hpp"

namespace redbolt::driver {

enum class InterruptKind : std::uint8_t {
  memory_fault,         // an access the page tables do not allow
  illegal_instruction,  // a wave met an instruction it cannot execute, or trapped
  memory_violation,     // a wave was stopped by an access that was refused
  bad_packet,           // a queue met a packet it does not know
  privileged_register,  // a packet or wave touched a register it must not
  queue_fault,          // the copy engine reported an error
  end_of_pipe,          // work is complete (harmless)
  other,
};

// The stable text form of a kind ("memory_fault").
const char* to_string(InterruptKind kind);

struct Interrupt {
  InterruptKind kind = InterruptKind::other;
  GpuAddress address;   // memory_fault: the page; otherwise 0
  bool write = false;   // memory_fault: the access was a write
  unsigned client = 0;  // as the card encodes the sender (SOC21_IH_CLIENTID_*, *_SRCID_*)
  unsigned source = 0;
  unsigned ring = 0;
  unsigned vmid = 0;
  unsigned pasid = 0;
  std::uint64_t timestamp = 0;  // card clock
  std::array<std::uint32_t, 4> context{};

  // Whether work on the card cannot go on as if nothing had happened.
  bool is_error() const {
    return kind != InterruptKind::end_of_pipe && kind != InterruptKind::other;
  }
  // "memory fault: write to 0x200000400000 (vmid 0)"
  std::string describe() const;
};

}  // namespace redbolt::driver
