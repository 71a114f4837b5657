// The security processor (MP0): its mailbox registers, from the bootloader to the ring of its
// system.
//
// Threads: register handlers run on any thread and only leave work for the worker, on whose thread
// all state is kept.
#pragma once

#include <cstdint>
#include <functional>

#include "blocks/psp_bootloader.hpp"
#include "blocks/psp_commands.hpp"
#include "blocks/register_space.hpp"
#include "faults/fault_injector.hpp"
#include "timed_worker.hpp"

namespace redbolt::emulator {

class Psp {
 public:
  struct Hooks {
    std::function<void()> start_graphics;  // the RLC may load what has been handed over
    std::function<void()> mode1_reset;  // puts the whole card back; called on the worker's thread
  };

  Psp(RegisterSpace& registers, PhysicalMemory& memory, MemoryHub& hub, HostDataPath& hdp,
      TimedWorker& worker, FaultInjector& faults, FirmwarePolicy policy, CounterRegistry& counters,
      Hooks hooks);

  // Whether the power controller's image has been loaded. Any thread.
  bool power_controller_loaded() const { return commands_.power_controller_loaded(); }

  // On the worker's thread, after the registers have been reset.
  void reset();

 private:
  // Runs a command when its time has come, unless a fault stalls the mailbox.
  void take_command(TimedWorker::Clock::duration latency, TimedWorker::Task command);
  void bootloader_command(std::uint32_t command, std::uint64_t address);
  void system_command(std::uint32_t command);
  void create_ring();
  void destroy_ring();
  void take_frame(std::uint32_t write_pointer);
  bool run_frame(std::uint64_t frame_address);

  RegisterSpace& registers_;
  PhysicalMemory& memory_;
  MemoryHub& hub_;
  TimedWorker& worker_;
  FaultInjector& faults_;
  PspBootloader bootloader_;
  PspCommands commands_;
  const Hooks hooks_;
  bool alive_ = false;              // sOS runs
  std::uint64_t ring_address_ = 0;  // 0: no ring
  std::uint32_t ring_dwords_ = 0;
  std::uint32_t read_pointer_ = 0;  // in dwords, within the ring
  Counter& refused_;
};

}  // namespace redbolt::emulator
