// A queue engine's view of memory through a hub and one VMID.
#pragma once

#include "memory/memory_hub.hpp"
#include "packets/engine_memory.hpp"

namespace redbolt::emulator {

class HubEngineMemory : public EngineMemory {
 public:
  HubEngineMemory(MemoryHub& hub, unsigned vmid, HubClient client)
      : hub_(hub), vmid_(vmid), client_(client) {}

  std::optional<MemoryWindow> window(std::uint64_t address, EngineAccess access) override;
  std::uint64_t generation() const override { return hub_.generation(); }

 private:
  MemoryHub& hub_;
  unsigned vmid_;
  HubClient client_;
};

}  // namespace redbolt::emulator
