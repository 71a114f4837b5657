// Executes AQL packets of one compute queue, in order, one at a time: what the MEC's firmware does
// on a queue whose CP_HQD_AQL_CONTROL says so. Packets are 64 bytes (HSA's packet formats; AMD's
// vendor-specific ones: a PM4 indirect buffer, and a barrier on a value).
//
// A packet whose header still says INVALID is waited for; one that has been executed says INVALID
// again. As a packet has ended before the next is looked at, the barrier bit is always obeyed and
// memory has no caches that the fence scopes could concern.
// Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <stop_token>

#include "packets/pm4_processor.hpp"

namespace redbolt::emulator {

enum class AqlPacketType : std::uint8_t {
  vendor_specific = 0,
  invalid = 1,
  kernel_dispatch = 2,
  barrier_and = 3,
  agent_dispatch = 4,
  barrier_or = 5,
};

// hsa_kernel_dispatch_packet_t.
struct AqlKernelDispatch {
  std::uint32_t dimensions = 0;                   // 1 to 3
  std::array<std::uint32_t, 3> workgroup_size{};  // in work-items
  std::array<std::uint32_t, 3> grid_size{};       // in work-items
  std::uint32_t private_segment_size = 0;         // bytes per work-item
  std::uint32_t group_segment_size = 0;           // bytes per workgroup
  std::uint64_t kernel_object = 0;                // address of the kernel descriptor
  std::uint64_t kernarg_address = 0;
  std::uint64_t packet_address = 0;
  std::uint64_t id = 0;  // the packet's number, from 0
};

// What AQL packets can reach beside what PM4 packets can.
class AqlHost : public Pm4Host {
 public:
  // Runs a kernel to its end; throws QueueError where it does not end well.
  virtual void dispatch_kernel(const AqlKernelDispatch& dispatch, unsigned vmid) = 0;
  // Whether times are written into completion signals (amd_queue_t.queue_properties).
  virtual bool profiling() = 0;
  virtual void count_aql_packet(AqlPacketType type) = 0;
};

class AqlProcessor {
 public:
  static constexpr std::uint64_t packet_dwords = 16;

  // `pm4` executes the indirect buffers of vendor-specific packets.
  AqlProcessor(AqlHost& host, Pm4Processor& pm4, unsigned vmid, std::stop_token stop)
      : host_(host), pm4_(pm4), vmid_(vmid), stop_(std::move(stop)) {}

  // Executes the ring's next packet. False when the ring holds none. Throws QueueError; the ring
  // then stands at the packet that caused it.
  bool step(PacketStream& ring);

 private:
  using Words = std::array<std::uint32_t, packet_dwords>;

  void execute(const Words& packet, std::uint64_t address, std::uint64_t id);
  void kernel_dispatch(const Words& packet, std::uint64_t address, std::uint64_t id);
  void barrier(const Words& packet, bool all);
  void vendor_specific(const Words& packet, std::uint64_t address);
  void barrier_value(const Words& packet);
  void complete(const Words& packet, std::uint64_t began);
  std::int64_t signal_value(std::uint64_t signal);
  EngineMemory& memory() { return host_.memory(vmid_); }

  AqlHost& host_;
  Pm4Processor& pm4_;
  const unsigned vmid_;
  std::stop_token stop_;
};

}  // namespace redbolt::emulator
