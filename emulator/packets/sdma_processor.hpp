// Executes the packets of one SDMA queue, in order, one at a time. Knows packets and nothing of
// rings' registers, doorbells or threads: that is the SDMA engine (blocks/sdma.hpp), its SdmaHost.
//
// Whatever a packet waits for, step() waits for, and gives up with QueueError(aborted) when its
// stop token is triggered. Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "packets/data_mover.hpp"
#include "packets/engine_memory.hpp"
#include "packets/packet_field.hpp"
#include "packets/packet_stream.hpp"
#include "packets/poll_loop.hpp"
#include "packets/queue_error.hpp"

namespace redbolt::emulator {

// What the packets of a queue can reach.
class SdmaHost {
 public:
  virtual ~SdmaHost() = default;
  virtual EngineMemory& memory(unsigned vmid) = 0;
  // Registers by absolute dword address, with side effects.
  virtual std::uint32_t read_register(std::uint32_t address) = 0;
  virtual void write_register(std::uint32_t address, std::uint32_t value) = 0;
  virtual void trap(std::uint32_t context, unsigned vmid) = 0;
  // The card's 100 MHz reference clock.
  virtual std::uint64_t clock() = 0;
  // Whether the queue may fetch indirect buffers (IB_CNTL.ib_enable).
  virtual bool indirect_buffers_enabled() = 0;
  // Around a wait that did not hold at once. May throw QueueError(aborted) to end it.
  virtual void wait_begins() = 0;
  virtual void wait_ends() = 0;
  virtual void count_packet(std::uint8_t operation) = 0;
  // Bytes written by copies, fills and writes.
  virtual void count_bytes(std::uint64_t bytes) = 0;
  // A fence is due: whether it may be written. May hold the queue up.
  virtual bool fence_passes() { return true; }
  virtual void count_fence() = 0;
};

class SdmaProcessor {
 public:
  SdmaProcessor(SdmaHost& host, unsigned vmid, std::stop_token stop);

  // "COPY_LINEAR"; nullptr where this engine has no such packet.
  static const char* packet_name(std::uint8_t operation);

  // As Pm4Processor::step().
  bool step(PacketStream& stream);

 private:
  using Handler = void (SdmaProcessor::*)(Packet);
  struct Definition {
    std::uint8_t operation;
    std::uint8_t sub_operation;
    const char* name;
    std::size_t dwords;  // header included; packets with a payload are longer
    Handler handler;
  };
  static std::span<const Definition> definitions();
  static const Definition& find(std::uint32_t header);
  // std::nullopt: not all of what the length depends on is there yet.
  static std::optional<std::size_t> packet_length(PacketStream& stream,
                                                  const Definition& definition);

  // sdma_processor.cpp
  void nop(Packet packet);
  void indirect(Packet packet);
  void cond_exe(Packet packet);
  void srbm_write(Packet packet);
  void cache_request(Packet packet);
  // sdma_data.cpp
  void copy_linear(Packet packet);
  void copy_sub_window(Packet packet);
  void write_linear(Packet packet);
  void constant_fill(Packet packet);
  void generate_entries(Packet packet);
  void atomic(Packet packet);
  // sdma_synchronisation.cpp
  void fence(Packet packet);
  void trap(Packet packet);
  void poll_regmem(Packet packet);
  void poll_register_write_memory(Packet packet);
  void timestamp_set(Packet packet);
  void timestamp_get(Packet packet);

  EngineMemory& memory() { return host_.memory(vmid_); }
  // Polls until `condition` holds; at most `retries` times more, unless there is no value.
  template <class Condition>
  void wait_until(std::optional<std::uint64_t> retries, Condition condition);

  SdmaHost& host_;
  std::stop_token stop_;
  unsigned queue_vmid_;
  unsigned vmid_;                   // of the buffer being executed
  PacketStream* stream_ = nullptr;  // the one being executed
  bool in_indirect_buffer_ = false;
  std::uint64_t timestamp_base_ = 0;  // what TIMESTAMP SET made of the clock
};

template <class Condition>
void SdmaProcessor::wait_until(std::optional<std::uint64_t> retries, Condition condition) {
  if (condition()) return;
  host_.wait_begins();
  for (PollLoop loop(stop_); !condition();) {
    if (retries && loop.rounds() >= *retries) {
      throw QueueError(QueueErrorKind::poll_timeout,
                       "a poll gave up after " + std::to_string(*retries) + " retries");
    }
    loop.pause();
  }
  host_.wait_ends();
}

}  // namespace redbolt::emulator
