// Runs compute dispatches: workgroups of gfx1100 waves over a pool of host threads. The MEC hands
// it the COMPUTE_* registers as they stand when the dispatch packet is met.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "redbolt/emulator/shader/counters.hpp"
#include "redbolt/emulator/shader/memory_port.hpp"

namespace redbolt::emulator {

// One dispatch, as the COMPUTE_* registers describe it. Register values are raw.
struct Dispatch {
  std::uint64_t program = 0;  // byte address of the first instruction (COMPUTE_PGM << 8)
  std::uint32_t pgm_rsrc1 = 0;
  std::uint32_t pgm_rsrc2 = 0;
  std::uint32_t pgm_rsrc3 = 0;
  std::uint32_t tmpring_size = 0;  // COMPUTE_TMPRING_SIZE: waves per shader engine, bytes / 256
  std::uint64_t scratch_base = 0;  // byte address (COMPUTE_DISPATCH_SCRATCH_BASE << 8)
  std::array<std::uint32_t, 16> user_data{};
  std::array<std::uint32_t, 3> grid{};     // COMPUTE_DIM: first workgroup id not run
  std::array<std::uint32_t, 3> start{};    // COMPUTE_START: first workgroup id
  std::array<std::uint32_t, 3> threads{};  // COMPUTE_NUM_THREAD: full in 15:0, partial in 31:16
  std::uint32_t initiator = 0;             // COMPUTE_DISPATCH_INITIATOR
  std::uint32_t resource_limits = 0;       // COMPUTE_RESOURCE_LIMITS
  std::uint64_t shared_aperture = 0;       // byte addresses, multiples of 4 GiB (SH_MEM_BASES)
  std::uint64_t private_aperture = 0;
  unsigned vmid = 0;
  unsigned shader_engines = 6;  // by which COMPUTE_TMPRING_SIZE.WAVES is multiplied
  // Hears of s_sendmsg(MSG_INTERRUPT) and gets bits 23:0 of M0. Called on any worker, also by
  // several at a time; must not block.
  std::function<void(std::uint32_t data)> interrupted = [](std::uint32_t) {};
};

struct DispatchResult {
  enum class Kind : std::uint8_t {
    completed,
    memory_fault,         // address: the virtual address; the port has recorded the fault
    illegal_instruction,  // address: of the instruction; message names it
    not_modelled,         // the same for what the card would execute and the emulator does not
    refused,              // impossible resources; nothing ran
    aborted,              // the stop token was triggered
  };
  Kind kind = Kind::completed;
  std::string message;
  std::uint64_t address = 0;

  bool completed() const { return kind == Kind::completed; }
};

// Thread-safe: dispatches handed in by several threads run side by side and share the workers, each
// in its turn, so that one which never ends does not keep the others.
class Dispatcher {
 public:
  // A pool of `threads` workers (at least one) that lives as long as the dispatcher.
  explicit Dispatcher(unsigned threads);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Runs all workgroups and returns when the last one has ended, or soon after the first failure or
  // the stop request; waves already started are then dropped where they are.
  DispatchResult run(const Dispatch& dispatch, MemoryPort& port, Counters& counters,
                     std::stop_token stop);

  // Forgets all decoded code (an instruction-cache invalidation). Code that has changed is found
  // even without it when the next dispatch starts.
  void invalidate_instruction_cache();

  unsigned threads() const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace redbolt::emulator
