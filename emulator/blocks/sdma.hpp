// Both SDMA engines, with two rings each. A ring runs from the moment RB_CNTL.rb_enable is set
// until it is cleared or the engine is reset, on a thread of its own, while the engine is not
// halted (F32_CNTL) and its firmware is loaded. A ring whose base is not mapped does not start.
//
// Threads: register and doorbell handlers on the host's or any engine's; rings on their own.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "blocks/engine.hpp"
#include "blocks/ring_queue.hpp"
#include "blocks/sdma_queue.hpp"

namespace redbolt::emulator {

class Sdma : public Engine {
 public:
  // firmware_loaded: whether the engines have code to run. Asked when F32_CNTL is written and when
  // a ring is enabled, from any thread.
  Sdma(const CardParts& parts, std::function<bool()> firmware_loaded);
  ~Sdma() override;

  void start() override {}
  void stop() override;
  void reset() override;
  bool busy() const override;

  // "SDMA0 ring 0: why it stands still", for each ring that does, and for those that did not start
  // since the last reset.
  std::vector<std::string> halted_queues() const override;

 private:
  using Slot = std::shared_ptr<RingQueue>;

  void connect_registers();
  void connect_ring(SdmaRing place);
  void enable(SdmaRing place);
  void disable(SdmaRing place);
  void end(SdmaRing place);
  void engine_changed(unsigned engine);
  void reset_engine(unsigned engine);
  void ring(const Doorbell& doorbell);
  void write_pointer_written(SdmaRing place);
  Slot find(SdmaRing place) const;

  SdmaParts parts_;
  std::function<bool()> firmware_loaded_;
  QueueKeeper queues_;
  // Guards slots_ and refused_. Never held while registers are written with effects or a queue is
  // destroyed.
  mutable std::mutex mutex_;
  std::array<std::array<Slot, SdmaRing::rings_per_engine>, SdmaRing::engines> slots_;
  std::vector<std::string> refused_;
  bool stopped_ = false;
  Counter& unclaimed_doorbells_;
};

}  // namespace redbolt::emulator
