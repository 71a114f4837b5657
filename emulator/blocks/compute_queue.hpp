// One compute queue of the MEC: a hardware queue descriptor (HQD) that has been activated. Reads
// its ring through the graphics hub with its VMID and executes PM4 or AQL packets. Threads: see
// ring_queue.hpp.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <stop_token>

#include "blocks/engine.hpp"
#include "blocks/hub_engine_memory.hpp"
#include "blocks/queue_descriptor.hpp"
#include "blocks/ring_queue.hpp"
#include "packets/aql_processor.hpp"
#include "redbolt/emulator/shader/dispatcher.hpp"

namespace redbolt::emulator {

// What all queues of a MEC share. The references outlive every queue.
struct ComputeParts {
  CardParts card;
  Dispatcher& dispatcher;
  Counters& shader_counters;
  std::array<Counter*, 256> packets{};    // by opcode
  std::array<Counter*, 6> aql_packets{};  // by AqlPacketType
  Counter& dispatches;
  Counter& barriers;
  Counter& fences;
  Counter& halts;
};

class ComputeQueue : public QueueBehaviour, private AqlHost {
 public:
  ComputeQueue(const ComputeParts& parts, const HardwareQueueDescriptor& descriptor,
               RingQueue::Control& control);

  std::uint64_t write_pointer(std::uint64_t doorbell) override;
  PacketStream& ring() override { return ring_; }
  bool step() override;
  void report(std::uint64_t read_pointer) override;
  void halted(const QueueError& error) override;
  void disconnected(std::uint64_t read_pointer) override;

 private:
  EngineMemory& memory(unsigned vmid) override;
  std::uint32_t read_register(std::uint32_t address) override;
  void write_register(std::uint32_t address, std::uint32_t value) override;
  void dispatch(const ShRegisters& registers, std::array<std::uint32_t, 3> dimensions,
                std::uint32_t initiator, unsigned vmid) override;
  void end_of_pipe_interrupt(std::uint32_t context_id, unsigned vmid) override;
  std::uint64_t clock() override;
  void wait_begins() override;
  void wait_ends() override { control_.wait_ends(); }
  void count_packet(std::uint8_t opcode) override { parts_.packets[opcode]->add(); }
  void packet_begins(const PacketStream& stream) override;
  void dispatch_kernel(const AqlKernelDispatch& kernel, unsigned vmid) override;
  bool profiling() override;
  void count_aql_packet(AqlPacketType type) override {
    parts_.aql_packets[static_cast<std::size_t>(type)]->add();
  }
  void count_barrier() override { parts_.barriers.add(); }
  void count_fence() override { parts_.fences.add(); }
  bool fence_passes() override;

  void store_read_pointer(std::uint64_t dwords);
  std::uint8_t ring_id() const;
  void raise(std::uint8_t source, unsigned vmid, std::array<std::uint32_t, 4> context = {});

  const ComputeParts& parts_;
  const HardwareQueueDescriptor descriptor_;
  RingQueue::Control& control_;
  std::array<std::unique_ptr<HubEngineMemory>, MemoryHub::contexts> memories_;
  PacketStream ring_;
  Pm4Processor processor_;
  AqlProcessor aql_;
  bool in_indirect_buffer_ = false;
};

}  // namespace redbolt::emulator
