// What the waves of one dispatch see of memory: the graphics hub, by the queue's VMID. An access
// that the hub redirects to the default page is a fault here: a wave that touched an unmapped
// address is halted.
#pragma once

#include "memory/memory_hub.hpp"
#include "redbolt/emulator/shader/memory_port.hpp"

namespace redbolt::emulator {

class HubMemoryPort : public MemoryPort {
 public:
  HubMemoryPort(MemoryHub& hub, unsigned vmid) : hub_(hub), vmid_(vmid) {}

  bool lookup(std::uint64_t address, MemoryAccess access, Page& page) override;
  std::uint64_t generation() const override { return hub_.generation(); }

 private:
  MemoryHub& hub_;
  unsigned vmid_;
};

}  // namespace redbolt::emulator
