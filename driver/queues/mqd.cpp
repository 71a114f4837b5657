#include "queues/mqd.hpp"

#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::driver {
namespace {

namespace gc = registers::gc;

constexpr std::uint32_t kHeader = 0xc0310800;

// Dwords of the MQD that say which compute units the queue may use, one per shader engine.
constexpr std::array<std::size_t, 8> kThreadManagementAt = {23, 24, 26, 27, 44, 45, 46, 47};

constexpr std::uint32_t low32(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}
constexpr std::uint32_t high32(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

// Where a hardware queue register lies in the MQD.
constexpr std::size_t index_of(const registers::Register& reg) {
  return QueueDescriptor::kRegistersAt +
         (reg.definition.offset - gc::CP_MQD_BASE_ADDR.definition.offset);
}

}  // namespace

QueueDescriptor::QueueDescriptor(const ComputeQueueSetup& setup) {
  const auto put = [&](const registers::Register& reg, std::uint32_t value) {
    words_[index_of(reg)] = value;
  };
  const auto put_address = [&](const registers::Register& low, std::uint64_t value) {
    words_[index_of(low)] = low32(value);
    words_[index_of(low) + 1] = high32(value);
  };
  words_[0] = kHeader;
  for (const std::size_t at : kThreadManagementAt) words_[at] = 0xffffffff;

  constexpr std::uint32_t kDoorbellDwords = 2;
  put_address(gc::CP_MQD_BASE_ADDR, setup.descriptor.value());
  put(gc::CP_HQD_PERSISTENT_STATE,
      (gc::CP_HQD_PERSISTENT_STATE.preload_req(1) | gc::CP_HQD_PERSISTENT_STATE.preload_size(0x55))
          .bits);
  put(gc::CP_HQD_PIPE_PRIORITY, 2);
  put(gc::CP_HQD_QUEUE_PRIORITY, 0xf);
  put(gc::CP_HQD_QUANTUM, (gc::CP_HQD_QUANTUM.quantum_en(1) | gc::CP_HQD_QUANTUM.quantum_scale(1) |
                           gc::CP_HQD_QUANTUM.quantum_duration(1))
                              .bits);
  put_address(gc::CP_HQD_PQ_BASE, setup.ring.value() >> 8);
  put_address(gc::CP_HQD_PQ_RPTR_REPORT_ADDR, setup.read_pointer.value());
  put_address(gc::CP_HQD_PQ_WPTR_POLL_ADDR, setup.write_pointer.value());
  put(gc::CP_HQD_PQ_DOORBELL_CONTROL,
      (gc::CP_HQD_PQ_DOORBELL_CONTROL.doorbell_offset(setup.doorbell * kDoorbellDwords) |
       gc::CP_HQD_PQ_DOORBELL_CONTROL.doorbell_en(1))
          .bits);
  // A privileged queue of the kernel driver: only of such a one the engine takes the VM context
  // that an INDIRECT_BUFFER packet names (as under Linux, whose kernel queues run clients'
  // buffers).
  put(gc::CP_HQD_PQ_CONTROL,
      (gc::CP_HQD_PQ_CONTROL.queue_size(setup.ring_dwords_log2 - 1) |
       gc::CP_HQD_PQ_CONTROL.rptr_block_size(5) | gc::CP_HQD_PQ_CONTROL.priv_state(1) |
       gc::CP_HQD_PQ_CONTROL.kmd_queue(1))
          .bits);
  put(gc::CP_HQD_IB_CONTROL, gc::CP_HQD_IB_CONTROL.min_ib_avail_size(3).bits);
  put(gc::CP_HQD_HQ_SCHEDULER0, 0x20004000);  // value of the reference boot
  put(gc::CP_MQD_CONTROL, gc::CP_MQD_CONTROL.priv_state(1).bits);
  put_address(gc::CP_HQD_EOP_BASE_ADDR, setup.end_of_pipe.value() >> 8);
  put(gc::CP_HQD_EOP_CONTROL, gc::CP_HQD_EOP_CONTROL.eop_size(9).bits);  // 2^10 dwords
}

}  // namespace redbolt::driver
