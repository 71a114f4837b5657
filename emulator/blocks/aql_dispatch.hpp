// What the MEC's firmware makes of an AQL kernel dispatch: the compute registers, from the packet,
// from the kernel descriptor it names (LLVM's AMDGPU guide, "Kernel Descriptor" and "Initial Kernel
// Execution State") and from the queue in memory (amd_queue_t).
#pragma once

#include <array>
#include <cstdint>

#include "packets/aql_processor.hpp"
#include "packets/engine_memory.hpp"

namespace redbolt::emulator {

// The amd_queue_t to which the read index belongs that a queue reports. Address 0: there is none.
class AqlQueueMemory {
 public:
  // `read_index`: address of amd_queue_t.read_dispatch_id, or 0.
  AqlQueueMemory(EngineMemory& memory, std::uint64_t read_index)
      : memory_(memory), read_index_(read_index) {}

  // These read memory, and throw QueueError(memory_fault) where that is not mapped.
  std::uint64_t address() const;
  bool profiling() const;
  std::uint32_t scratch_ring_size() const;  // COMPUTE_TMPRING_SIZE
  std::uint64_t scratch_base() const;
  std::array<std::uint32_t, 4> scratch_descriptor() const;

 private:
  EngineMemory& memory_;
  std::uint64_t read_index_;
};

struct AqlDispatchRegisters {
  std::array<std::uint32_t, 3> dimensions{};  // of DISPATCH_DIRECT, in work-items
  std::uint32_t initiator = 0;
};

// Programs the registers. Throws QueueError(dispatch_refused) where the kernel cannot run on this
// queue, and memory_fault where the descriptor or the queue is not mapped.
AqlDispatchRegisters set_up_aql_dispatch(const AqlKernelDispatch& dispatch, EngineMemory& memory,
                                         const AqlQueueMemory& queue, ShRegisters& registers);

}  // namespace redbolt::emulator
