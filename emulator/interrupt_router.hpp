// Hands interrupts to the interrupt handler block, which is made after the blocks that report to
// it. Threads: connect() while the card is built; raise() from any thread.
#pragma once

#include "blocks/interrupt_sink.hpp"
#include "counters.hpp"

namespace redbolt::emulator {

class InterruptRouter final : public InterruptSink {
 public:
  explicit InterruptRouter(CounterRegistry& counters) : raised_(counters.get("interrupts")) {}
  void connect(InterruptSink& handler) { handler_ = &handler; }

  void raise(const InterruptEntry& entry) override {
    raised_.add();
    if (handler_) handler_->raise(entry);
  }

 private:
  InterruptSink* handler_ = nullptr;
  Counter& raised_;
};

}  // namespace redbolt::emulator
