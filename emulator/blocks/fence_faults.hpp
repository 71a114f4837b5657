// What the fault plan does to the fences of a queue.
#pragma once

#include "blocks/ring_queue.hpp"
#include "faults/fault_injector.hpp"

namespace redbolt::emulator {

// Whether a fence that is due may be written; holds the queue up where the plan delays it. On the
// queue's thread. Throws QueueError(aborted) when the queue is ended meanwhile.
inline bool fence_passes(FaultInjector& faults, FenceTarget target, RingQueue::Control& control) {
  if (const auto delay = faults.strikes(FaultKind::delay_fence, target))
    control.rest(*delay->lasts);
  return !faults.strikes(FaultKind::drop_fence, target);
}

}  // namespace redbolt::emulator
