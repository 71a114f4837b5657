// The compute micro engine (MEC, ME 1): four pipes of eight queues. The driver describes a queue in
// the CP_HQD_* registers that GRBM_GFX_CNTL selects and activates it with CP_HQD_ACTIVE; it runs on
// a thread of its own until it is dequeued, reset, or the card goes away.
//
// A pipe runs when the MEC's firmware is loaded and CP_MEC_RS64_CNTL has the pipe active, out of
// reset, and the MEC not halted. Activation of a queue whose ring is not mapped is refused: the
// fault is recorded by the hub and CP_HQD_ACTIVE reads 0.
//
// Threads: register and doorbell handlers on the host's or any engine's; queues on their own.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "blocks/compute_queue.hpp"
#include "blocks/engine.hpp"
#include "blocks/ring_queue.hpp"

namespace redbolt::emulator {

class Mec : public Engine {
 public:
  static constexpr unsigned me = 1;
  static constexpr unsigned pipes = 4;
  static constexpr unsigned queues_per_pipe = 8;

  // firmware_loaded: whether the MEC has code to run. Asked when CP_MEC_RS64_CNTL is written and
  // when a queue is activated, from any thread.
  Mec(const CardParts& parts, Dispatcher& dispatcher, Counters& shader_counters,
      std::function<bool()> firmware_loaded);
  ~Mec() override;

  void start() override {}
  void stop() override;
  void reset() override;
  bool busy() const override;

  // "ME1 pipe 0 queue 0: why it stands still", for each queue that does, and for those whose
  // activation was refused since the last reset.
  std::vector<std::string> halted_queues() const override;

 private:
  using Slot = std::shared_ptr<RingQueue>;

  void connect_registers();
  void activate(Selection selection);
  void start_work(const HardwareQueueDescriptor& descriptor);
  void forget(Selection selection);
  void refuse(Selection selection, const QueueError& error);
  void dequeue(Selection selection, std::uint32_t request);
  void kill_waves(Selection selection);
  void control_changed(std::uint32_t control);
  void abort_all();
  void await_all();
  void ring(const Doorbell& doorbell);
  bool pipe_runs(unsigned pipe, std::uint32_t control) const;
  Slot find(Selection selection) const;

  ComputeParts parts_;
  std::function<bool()> firmware_loaded_;
  QueueKeeper queues_;
  // Guards slots_ and refused_. Never held while registers are written with effects or a queue is
  // destroyed.
  mutable std::mutex mutex_;
  std::array<std::array<Slot, queues_per_pipe>, pipes> slots_;
  std::vector<std::string> refused_;
  bool stopped_ = false;
  Counter& unclaimed_doorbells_;
};

}  // namespace redbolt::emulator
