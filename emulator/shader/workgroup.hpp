// One workgroup: its waves and its LDS. Runs a wave until it ends, waits at a barrier or has used
// up its turn, then the next; no wave needs a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "dispatch_plan.hpp"
#include "wave.hpp"

namespace redbolt::emulator {

// What a worker lends to the workgroup it is running.
struct WorkerContext {
  CodeView* code;
  WaveMemory* memory;
  const std::atomic<bool>* stop;  // set when the dispatch is to end early
};

// Threads: one worker at a time; may move between workers.
class Workgroup {
 public:
  enum class Outcome : std::uint8_t {
    finished,
    unfinished,  // has had its turn; to be run again
    idle,        // the same, but all waves were asleep
    failed,      // failure() says why
    stopped,
  };

  Workgroup();

  // Makes this the workgroup number `index`, with registers as the card sets them up. Objects are
  // reused: VGPRs, most SGPRs and LDS keep what an earlier workgroup left, as on the card.
  // `scratch_slot`: which of the dispatch's scratch places is its own.
  void start(const Dispatch& dispatch, const DispatchPlan& plan, std::uint64_t index,
             std::uint32_t scratch_slot);

  // Runs about `instructions` wave instructions.
  Outcome run(const WorkerContext& context, std::uint64_t instructions);

  // Adds what the waves counted, and forgets it.
  void count_into(Counters& counters);

  const WaveFailure& failure() const { return failure_; }
  std::uint32_t scratch_slot() const { return scratch_slot_; }

 private:
  void start_wave(Wave& wave, const Dispatch& dispatch, const DispatchPlan& plan,
                  std::uint32_t number, const std::array<std::uint32_t, 3>& id);
  void lend(const WorkerContext& context);
  // Decoded pages belong to a worker's view and may go with it: keeps addresses instead.
  void leave_worker();
  bool release_barrier();

  std::vector<std::unique_ptr<Wave>> waves_;
  std::vector<std::uint64_t> resume_;  // where each wave goes on
  std::uint32_t wave_count_ = 0;       // of waves_, which are used now
  std::vector<std::uint8_t> lds_;
  WorkgroupMemory memory_;
  WaveFailure failure_;
  std::uint32_t scratch_slot_ = 0;
};

}  // namespace redbolt::emulator
