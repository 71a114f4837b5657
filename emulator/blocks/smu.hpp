// The power controller (MP1): its message mailbox, its debug mailbox, clocks and metrics.
//
// What an idle or busy card measures is a model: readings move towards a fixed point for "idle" and
// one for "busy". Nothing here slows the emulation down or speeds it up.
//
// Threads: register handlers on any thread leave work for the worker, on whose thread all state is
// kept.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "blocks/register_space.hpp"
#include "blocks/smu_metrics.hpp"
#include "faults/fault_injector.hpp"
#include "memory/memory_hub.hpp"
#include "timed_worker.hpp"

namespace redbolt::emulator {

class Smu {
 public:
  struct Hooks {
    std::function<bool()> image_loaded;  // the driver's firmware image has been accepted
    std::function<bool()> graphics_busy;
    std::function<void()> mode1_reset;  // puts the whole card back; called on the worker's thread
  };

  Smu(RegisterSpace& registers, MemoryHub& hub, TimedWorker& worker, FaultInjector& faults,
      CounterRegistry& counters, Hooks hooks);

  // On the worker's thread, after the registers have been reset.
  void reset();
  // After a mode-1 reset that came by the debug mailbox: its answer outlives the reset.
  void answer_debug_message();

 private:
  struct Reply {
    std::uint32_t result;
    std::uint32_t argument;
  };
  struct Message;
  static const Message messages[];

  // Runs a message when its time has come, unless a fault stalls the mailbox.
  void take_message(MailboxTarget mailbox, TimedWorker::Clock::duration latency,
                    TimedWorker::Task message);
  void message(std::uint32_t id, std::uint32_t argument);
  Reply handle(std::uint32_t id, std::uint32_t argument);
  void debug_message(std::uint32_t id);
  void begin_mode1_reset();
  SmuReadings read_sensors();

  // One per message; each returns what the mailbox answers.
  Reply test(std::uint32_t argument);
  Reply get_version(std::uint32_t argument);
  Reply get_interface_version(std::uint32_t argument);
  Reply set_allowed_low(std::uint32_t argument);
  Reply set_allowed_high(std::uint32_t argument);
  Reply enable_all(std::uint32_t argument);
  Reply disable_all(std::uint32_t argument);
  Reply running_low(std::uint32_t argument);
  Reply running_high(std::uint32_t argument);
  Reply set_dram_high(std::uint32_t argument);
  Reply set_dram_low(std::uint32_t argument);
  Reply table_to_dram(std::uint32_t argument);
  Reply set_minimum(std::uint32_t argument);
  Reply set_maximum(std::uint32_t argument);
  Reply get_minimum(std::uint32_t argument);
  Reply get_maximum(std::uint32_t argument);
  Reply get_level(std::uint32_t argument);
  Reply accept(std::uint32_t argument);
  Reply reset_card(std::uint32_t argument);

  RegisterSpace& registers_;
  MemoryHub& hub_;
  TimedWorker& worker_;
  FaultInjector& faults_;
  const Hooks hooks_;
  bool busy_ = false;  // a message is being worked on
  std::uint64_t allowed_ = ~0ull;
  std::uint64_t running_ = 0;
  std::uint64_t dram_address_ = 0;
  struct Limits {
    std::uint32_t minimum = 0, maximum = 0;
  };
  std::array<Limits, smu_clocks> limits_{};
  SmuReadings readings_;
  Counter& messages_;
  Counter& rejected_;
};

}  // namespace redbolt::emulator
