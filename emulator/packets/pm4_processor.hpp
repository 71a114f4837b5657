// Executes PM4 packets of one compute queue, in order, one at a time. Knows packets and nothing of
// rings' registers, doorbells or threads: that is the MEC (blocks/mec.hpp), which is its Pm4Host.
//
// Whatever an engine waits for (memory, a register), step() waits for, and gives up with
// QueueError(aborted) when its stop token is triggered.
// Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <stop_token>

#include "packets/engine_memory.hpp"
#include "packets/packet_field.hpp"
#include "packets/packet_stream.hpp"
#include "packets/pm4_opcodes.hpp"
#include "packets/poll_loop.hpp"

namespace redbolt::emulator {

// The queue's own SH registers, from pm4::sh_registers_first.
using ShRegisters = std::array<std::uint32_t, pm4::sh_registers_count>;

// What the packets of a queue can reach.
class Pm4Host {
 public:
  virtual ~Pm4Host() = default;
  virtual EngineMemory& memory(unsigned vmid) = 0;
  // Registers outside the SH window, by absolute dword address, with side effects.
  virtual std::uint32_t read_register(std::uint32_t address) = 0;
  virtual void write_register(std::uint32_t address, std::uint32_t value) = 0;
  // Runs a dispatch to its end; throws QueueError where it does not end well.
  virtual void dispatch(const ShRegisters& registers, std::array<std::uint32_t, 3> dimensions,
                        std::uint32_t initiator, unsigned vmid) = 0;
  virtual void end_of_pipe_interrupt(std::uint32_t context_id, unsigned vmid) = 0;
  // The card's 100 MHz reference clock.
  virtual std::uint64_t clock() = 0;
  // Around a wait that did not hold at once. May throw QueueError(aborted) to end it.
  virtual void wait_begins() = 0;
  virtual void wait_ends() = 0;
  virtual void count_packet(std::uint8_t opcode) = 0;
  // A packet of the stream is about to be executed; the stream stands behind it (PM4) or at it
  // (AQL). For registers that tell how far the queue has come.
  virtual void packet_begins(const PacketStream&) {}
  // A cache maintenance packet (ACQUIRE_MEM, or RELEASE_MEM with a cache action).
  virtual void count_barrier() = 0;
  // A RELEASE_MEM is due: whether it may take effect. May hold the queue up.
  virtual bool fence_passes() { return true; }
  // A RELEASE_MEM that wrote to memory.
  virtual void count_fence() = 0;
};

class Pm4Processor {
 public:
  Pm4Processor(Pm4Host& host, unsigned vmid, std::stop_token stop);

  // "WRITE_DATA"; nullptr where this engine has no such packet.
  static const char* packet_name(std::uint8_t opcode);

  ShRegisters& sh_registers() { return sh_registers_; }
  // Of the buffer in progress, or in which an error has stopped it; else the queue's.
  unsigned vmid() const { return vmid_; }

  // Executes the stream's next packet, indirect buffers included. False when the stream does not
  // hold a whole packet yet. Throws QueueError; the stream then stands behind the header of the
  // packet that caused it.
  bool step(PacketStream& stream);

 private:
  using Handler = void (Pm4Processor::*)(Packet);
  struct Definition {
    pm4::Opcode opcode;
    const char* name;
    std::size_t dwords;  // at least so many, header included
    Handler handler;
  };
  static const Definition* find(std::uint8_t opcode);
  std::size_t packet_length(PacketStream& stream, std::uint32_t header) const;

  // pm4_processor.cpp
  void nop(Packet packet);
  void set_sh_reg(Packet packet);
  void set_uconfig_reg(Packet packet);
  void set_registers(Packet packet, std::uint32_t first, std::uint32_t count);
  void indirect_buffer(Packet packet);
  void cond_exec(Packet packet);
  void dispatch_direct(Packet packet);
  void dispatch_indirect(Packet packet);
  // pm4_synchronisation.cpp
  void acquire_mem(Packet packet);
  void release_mem(Packet packet);
  void event_write(Packet packet);
  void wait_reg_mem(Packet packet);
  void wait_reg_mem64(Packet packet);
  void interrupt_after_release(Packet packet, std::uint64_t address);
  // pm4_data.cpp
  void write_data(Packet packet);
  void copy_data(Packet packet);
  void cond_write(Packet packet);
  void atomic_mem(Packet packet);
  void dma_data(Packet packet);

  EngineMemory& memory() { return host_.memory(vmid_); }
  std::uint32_t read_register(std::uint32_t address);
  void write_register(std::uint32_t address, std::uint32_t value);
  // Waits until `condition` holds.
  template <class Condition>
  void wait_until(Condition condition) {
    emulator::wait_until(host_, stop_, condition);
  }

  Pm4Host& host_;
  std::stop_token stop_;
  unsigned queue_vmid_;
  unsigned vmid_;                   // of the buffer being executed
  PacketStream* stream_ = nullptr;  // the one being executed
  bool in_indirect_buffer_ = false;
  std::uint64_t atomic_result_ = 0;
  ShRegisters sh_registers_{};
};

}  // namespace redbolt::emulator
