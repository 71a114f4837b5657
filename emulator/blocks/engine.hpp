// What the card asks of an engine that runs on its own thread (MEC, SDMA, interrupt handler), and
// what an engine gets of the card. An engine attaches itself to registers and doorbells in its
// constructor, which starts no thread: start() does, when every block exists.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "blocks/doorbell_space.hpp"
#include "blocks/interrupt_sink.hpp"
#include "blocks/register_space.hpp"
#include "counters.hpp"
#include "faults/fault_injector.hpp"
#include "memory/memory_hub.hpp"
#include "memory/physical_memory.hpp"
#include "redbolt/emulator/card.hpp"

namespace redbolt::emulator {

// References to parts of one card, all of which live longer than any engine's thread.
struct CardParts {
  const CardOptions& options;
  CounterRegistry& counters;
  RegisterSpace& registers;
  PhysicalMemory& memory;
  MemoryHub& graphics_hub;    // MEC, shaders and SDMA use this one (GFXHUB)
  MemoryHub& multimedia_hub;  // the interrupt handler uses this one, VMID 0
  InterruptSink& interrupts;
  DoorbellSpace& doorbells;
  FaultInjector& faults;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual void start() = 0;
  // Ends the thread; what runs is aborted. Called once, before any part is destroyed.
  virtual void stop() = 0;
  // Back to the state after power-on (mode-1 reset, cold start): aborts what runs, forgets queues.
  // The registers have been, or will be, put back by the caller. Returns when the engine is quiet.
  virtual void reset() = 0;
  // Whether work is in progress or runnable (CP_STAT, SDMA status).
  virtual bool busy() const = 0;
  // "ME1 pipe 0 queue 0: why it stands still", a line for each queue that does.
  virtual std::vector<std::string> halted_queues() const { return {}; }
};

}  // namespace redbolt::emulator
