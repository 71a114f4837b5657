// One ring of an SDMA engine that has been enabled. Reads and writes memory through the graphics
// hub with the ring's VMID. Threads: see ring_queue.hpp.
#pragma once

#include <array>
#include <memory>

#include "blocks/engine.hpp"
#include "blocks/hub_engine_memory.hpp"
#include "blocks/ring_queue.hpp"
#include "packets/sdma_processor.hpp"

namespace redbolt::emulator {

// What all rings of both engines share. The references outlive every ring.
struct SdmaParts {
  CardParts card;
  std::array<Counter*, 256> packets{};  // by operation
  Counter& bytes;
  Counter& fences;
  Counter& halts;
};

// Which ring, and where its registers are: those of ring 0 of engine 0, moved.
struct SdmaRing {
  static constexpr unsigned engines = 2;
  static constexpr unsigned rings_per_engine = 2;

  unsigned engine = 0;
  unsigned ring = 0;

  // For a register of one engine (SDMA0_CNTL) and for one of a ring (SDMA0_QUEUE0_RB_CNTL).
  RegisterAddress engine_register(RegisterAddress of_engine0) const;
  RegisterAddress ring_register(RegisterAddress of_ring0) const;
};

// A ring's registers as they stood when it was enabled.
struct SdmaRingDescriptor {
  SdmaRing place;
  unsigned vmid = 0;
  std::uint64_t ring_base = 0;  // virtual, bytes
  std::uint64_t ring_dwords = 0;
  std::uint64_t read_pointer = 0;         // dwords
  std::uint64_t read_pointer_report = 0;  // virtual address, 0: none
  std::uint64_t write_pointer_poll = 0;   // virtual address, 0: the doorbell's value counts

  // Throws QueueError where they make no sense or the ring is not mapped.
  static SdmaRingDescriptor read(const CardParts& card, SdmaRing place);
};

class SdmaQueue : public QueueBehaviour, private SdmaHost {
 public:
  SdmaQueue(const SdmaParts& parts, const SdmaRingDescriptor& descriptor,
            RingQueue::Control& control);

  std::uint64_t write_pointer(std::uint64_t doorbell) override;
  PacketStream& ring() override { return ring_; }
  bool step() override { return processor_.step(ring_); }
  void report(std::uint64_t read_pointer) override;
  void halted(const QueueError& error) override;
  void disconnected(std::uint64_t read_pointer) override;

 private:
  EngineMemory& memory(unsigned vmid) override;
  std::uint32_t read_register(std::uint32_t address) override;
  void write_register(std::uint32_t address, std::uint32_t value) override;
  void trap(std::uint32_t context, unsigned vmid) override;
  std::uint64_t clock() override;
  bool indirect_buffers_enabled() override;
  void wait_begins() override;
  void wait_ends() override { control_.wait_ends(); }
  void count_packet(std::uint8_t operation) override { parts_.packets[operation]->add(); }
  void count_bytes(std::uint64_t bytes) override { parts_.bytes.add(bytes); }
  void count_fence() override { parts_.fences.add(); }
  bool fence_passes() override;

  HubClient client() const;
  void store_read_pointer(std::uint64_t bytes);
  void raise(std::uint8_t source, unsigned vmid, std::uint32_t context);

  const SdmaParts& parts_;
  const SdmaRingDescriptor descriptor_;
  RingQueue::Control& control_;
  std::array<std::unique_ptr<HubEngineMemory>, MemoryHub::contexts> memories_;
  PacketStream ring_;
  SdmaProcessor processor_;
};

}  // namespace redbolt::emulator
