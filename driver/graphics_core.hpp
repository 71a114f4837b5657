// The graphics core (GC): its run list controller (RLC), the compute micro engine (MEC) and clock
// gating. No graphics here: only what compute needs.
#pragma once

#include <cstdint>

#include "register_file.hpp"

namespace redbolt::driver {

// Selects which bank of the banked registers the host sees, until the end of the scope.
class GraphicsSelection {
 public:
  struct Target {
    unsigned micro_engine = 0, pipe = 0, queue = 0, vmid = 0;
  };
  GraphicsSelection(RegisterFile& registers, Target target);
  ~GraphicsSelection();
  GraphicsSelection(const GraphicsSelection&) = delete;
  GraphicsSelection& operator=(const GraphicsSelection&) = delete;

 private:
  RegisterFile& registers_;
};

// The compute micro engine is ME 1 of the graphics core.
inline constexpr unsigned kComputeMicroEngine = 1;

class GraphicsCore {
 public:
  explicit GraphicsCore(RegisterFile& registers) : registers_(registers) {}

  // Waits until the RLC has loaded itself and the others (after the PSP started its autoload).
  void wait_for_autoload();

  // Puts the program counter of the compute micro engine to `start` (a byte address) and resets it.
  void reset_compute_engine(std::uint64_t start);

  // RLC, caches, doorbells, memory apertures of every VMID, and the compute micro engine's first
  // pipe.
  void configure(std::uint32_t doorbell_range_upper);

  // Lets idle parts stop their clocks.
  void enable_clock_gating();

  // Takes compute queue `queue` of pipe 0 off the engine if it is on it.
  void remove_queue(unsigned queue);

  // Resets the command processor. For a card that an earlier run left running.
  void reset_command_processor();

  // Stops the compute micro engine in the middle of whatever it does, and takes its queues off.
  // reset_compute_engine() and configure() have to follow.
  void halt_compute_engine();

 private:
  void configure_apertures();

  RegisterFile& registers_;
};

}  // namespace redbolt::driver
