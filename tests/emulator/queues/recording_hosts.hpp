// Hosts of packet processors that write down what the packets asked for.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "flat_memory.hpp"
#include "packets/aql_processor.hpp"
#include "packets/pm4_processor.hpp"
#include "packets/sdma_processor.hpp"

namespace redbolt::emulator::testing {

// Registers that remember the order of writes. Thread-safe, because tests change what is polled.
class RecordingRegisters {
 public:
  std::uint32_t read(std::uint32_t address) {
    const std::lock_guard lock(mutex_);
    return values_[address];
  }
  void write(std::uint32_t address, std::uint32_t value) {
    const std::lock_guard lock(mutex_);
    values_[address] = value;
    writes_.emplace_back(address, value);
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> writes() {
    const std::lock_guard lock(mutex_);
    return writes_;
  }

 private:
  std::mutex mutex_;
  std::map<std::uint32_t, std::uint32_t> values_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> writes_;
};

template <class Host>
class RecordingPm4HostOf : public Host {
 public:
  struct Dispatched {
    ShRegisters registers;
    std::array<std::uint32_t, 3> dimensions;
    std::uint32_t initiator;
    unsigned vmid;
  };

  EngineMemory& memory(unsigned vmid) override {
    vmids_used |= 1u << vmid;
    return memory_;
  }
  std::uint32_t read_register(std::uint32_t address) override { return registers.read(address); }
  void write_register(std::uint32_t address, std::uint32_t value) override {
    registers.write(address, value);
    if (on_register_write) on_register_write(address, value);
  }
  void dispatch(const ShRegisters& sh, std::array<std::uint32_t, 3> dimensions,
                std::uint32_t initiator, unsigned vmid) override {
    dispatches.push_back({sh, dimensions, initiator, vmid});
  }
  void end_of_pipe_interrupt(std::uint32_t context_id, unsigned) override {
    interrupts.push_back(context_id);
  }
  std::uint64_t clock() override { return now; }
  void wait_begins() override { ++waits; }
  void wait_ends() override {}
  void count_packet(std::uint8_t) override { ++packets; }
  void count_barrier() override { ++barriers; }
  void count_fence() override { ++fences; }

  FlatMemory& flat() { return memory_; }

  RecordingRegisters registers;
  void (*on_register_write)(std::uint32_t, std::uint32_t) = nullptr;
  std::vector<Dispatched> dispatches;
  std::vector<std::uint32_t> interrupts;
  std::uint64_t now = 0x123456789abc;
  std::uint32_t vmids_used = 0;
  int packets = 0;
  int barriers = 0;
  int fences = 0;
  std::atomic<int> waits{0};

 private:
  FlatMemory memory_;
};

using RecordingPm4Host = RecordingPm4HostOf<Pm4Host>;

class RecordingAqlHost : public RecordingPm4HostOf<AqlHost> {
 public:
  void dispatch_kernel(const AqlKernelDispatch& dispatch, unsigned) override {
    kernels.push_back(dispatch);
  }
  bool profiling() override { return true; }
  void count_aql_packet(AqlPacketType) override { count_packet(0); }

  std::vector<AqlKernelDispatch> kernels;
};

class RecordingSdmaHost : public SdmaHost {
 public:
  EngineMemory& memory(unsigned vmid) override {
    vmids_used |= 1u << vmid;
    return memory_;
  }
  std::uint32_t read_register(std::uint32_t address) override { return registers.read(address); }
  void write_register(std::uint32_t address, std::uint32_t value) override {
    registers.write(address, value);
  }
  void trap(std::uint32_t context, unsigned) override { traps.push_back(context); }
  std::uint64_t clock() override { return now; }
  bool indirect_buffers_enabled() override { return indirect_enabled; }
  void wait_begins() override { ++waits; }
  void wait_ends() override {}
  void count_packet(std::uint8_t) override { ++packets; }
  void count_bytes(std::uint64_t count) override { bytes += count; }
  void count_fence() override { ++fences; }

  FlatMemory& flat() { return memory_; }

  RecordingRegisters registers;
  std::vector<std::uint32_t> traps;
  std::uint64_t now = 0x123456789abc;
  std::uint64_t bytes = 0;
  std::uint32_t vmids_used = 0;
  bool indirect_enabled = true;
  int packets = 0;
  int fences = 0;
  std::atomic<int> waits{0};

 private:
  FlatMemory memory_;
};

}  // namespace redbolt::emulator::testing
