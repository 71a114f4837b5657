// Where blocks report interrupts. Implemented by the interrupt handler block, which writes ring
// entries; the ids are SOC21_IH_CLIENTID_* and the source ids of the reporting block.
#pragma once

#include <array>
#include <cstdint>

namespace redbolt::emulator {

struct InterruptEntry {
  std::uint8_t client_id = 0;
  std::uint8_t source_id = 0;
  std::uint8_t ring_id = 0;
  std::uint8_t vmid = 0;
  bool graphics_hub = true;  // vmid_src: the VMID is one of the graphics (else the multimedia) hub
  std::uint16_t pasid = 0;
  std::array<std::uint32_t, 4> context{};
};

class InterruptSink {
 public:
  virtual ~InterruptSink() = default;
  // May be called from any thread, also from inside a register handler. Does not block.
  virtual void raise(const InterruptEntry& entry) = 0;
};

}  // namespace redbolt::emulator
