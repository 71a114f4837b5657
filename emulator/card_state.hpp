// Everything that is one card: memories, registers, blocks, engines. Card and its attachments share
// it.
//
// Threads: host accesses (functions below) from any thread; resets run on the worker's thread, one
// at a time, while accesses read all ones.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "blocks/engine.hpp"
#include "blocks/host_data_path.hpp"
#include "blocks/interrupt_queue.hpp"
#include "blocks/nbio.hpp"
#include "blocks/psp.hpp"
#include "blocks/rlc.hpp"
#include "blocks/smu.hpp"
#include "blocks/thread_trace.hpp"
#include "faults/fault_injector.hpp"
#include "pci/config_space.hpp"
#include "profile.hpp"
#include "redbolt/emulator/shader/counters.hpp"
#include "redbolt/emulator/shader/dispatcher.hpp"

namespace redbolt::emulator {

class CardState {
 public:
  explicit CardState(const CardOptions& options);
  ~CardState();

  const CardOptions& options() const { return options_; }
  // What the blocks and the waves have counted, by name.
  std::map<std::string, std::uint64_t> counters() const;
  RegisterSpace& registers() { return registers_; }
  ConfigSpace& config() { return config_; }
  HostPages& host_pages() { return host_pages_; }
  // For tests and tools beside the bus.
  CardParts& parts() { return parts_; }

  // Why queues of any engine stand still, one line each.
  std::vector<std::string> halted_queues() const;

  bool present() const { return present_.load(std::memory_order_acquire); }
  // The function answers accesses to its BARs.
  bool responds() const;

  // BAR accesses of an attachment; offsets lie inside the BAR. Only called while responds().
  std::uint32_t read_register(std::uint64_t byte_offset);
  void write_register(std::uint64_t byte_offset, std::uint32_t value);
  void read_vram(std::uint64_t offset, std::span<std::byte> into);
  void write_vram(std::uint64_t offset, std::span<const std::byte> from);
  void ring_doorbell(std::uint64_t byte_offset, std::uint64_t value, unsigned width);

  // Bus reset: the card as after power-on, but with its VRAM; config space is put back by the host.
  void bus_reset();
  void unplug();
  void plug_in();
  FaultInjector& faults() { return faults_; }

 private:
  enum class ResetKind : std::uint8_t { power_on, mode1, bus };
  void define_banks();
  void create_engines();
  bool graphics_busy() const;
  void reset(ResetKind kind);
  void begin_mode1_reset();
  void fill_vram();
  void update_bus_mastering();

  const CardOptions options_;
  const ProfileFacts& facts_;
  CounterRegistry counters_;
  FaultInjector faults_;
  TimedWorker worker_;
  InterruptQueue interrupts_;
  VideoMemory vram_;
  HostPages host_pages_;
  PhysicalMemory memory_;
  RegisterSpace registers_;
  DoorbellSpace doorbells_;
  MemoryHub graphics_hub_;
  MemoryHub multimedia_hub_;
  HostDataPath hdp_;
  Nbio nbio_;
  std::atomic<bool> present_{true};
  std::atomic<bool> resetting_{false};
  ConfigSpace config_;
  CardParts parts_;
  Counters shader_counters_;
  Dispatcher dispatcher_;
  std::vector<std::unique_ptr<Engine>> engines_;
  Rlc rlc_;
  ThreadTrace thread_trace_;
  Psp psp_;
  Smu smu_;
  Counter& vram_read_;
  Counter& vram_written_;
  Counter& register_writes_;
};

}  // namespace redbolt::emulator
