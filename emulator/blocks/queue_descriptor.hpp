// A compute queue's registers (its hardware queue descriptor, HQD) as they stand when it is
// activated.
#pragma once

#include <cstdint>

#include "blocks/engine.hpp"
#include "packets/pm4_processor.hpp"

namespace redbolt::emulator {

struct HardwareQueueDescriptor {
  Selection selection;
  unsigned vmid = 0;
  bool aql = false;             // the ring holds AQL packets (CP_HQD_AQL_CONTROL)
  std::uint64_t ring_base = 0;  // virtual, bytes
  std::uint64_t ring_dwords = 0;
  std::uint64_t pointer_dwords = 1;       // in a unit of the pointers: 1, or a packet of AQL
  std::uint64_t read_pointer = 0;         // dwords
  std::uint64_t write_pointer = 0;        // dwords; beyond read_pointer where work was left
  std::uint64_t read_pointer_report = 0;  // virtual address, 0: none
  std::uint64_t write_pointer_poll = 0;   // virtual address, 0: the doorbell's value counts
  ShRegisters sh_registers{};             // as loaded from the MQD

  // Reads the registers, and the MQD if the queue asks for that. Throws QueueError where they make
  // no sense or where the ring or the MQD is not mapped.
  static HardwareQueueDescriptor read(const CardParts& card, Selection selection);
};

}  // namespace redbolt::emulator
