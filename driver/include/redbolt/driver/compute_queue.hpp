// The compute queue: indirect buffers of PM4 packets, run by the card's compute micro engine.
//
// A submission costs a few dozen bytes of host memory and one doorbell write; no register is read,
// neither to submit nor to follow the completion.
//
// Threads: submit() and wait() belong to the thread that owns the Card; completed() may be called
// from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "redbolt/driver/fence.hpp"
#include "redbolt/driver/vm_context.hpp"

namespace redbolt::driver {

// Recorded packets in memory the card can reach. Must stay as it is until its fence has passed.
struct IndirectBuffer {
  GpuAddress address;        // multiple of 4
  std::uint32_t dwords = 0;  // 1 .. 2^20 - 1
  Vmid vmid{};               // the context that it and its dispatches run in
};

class ComputeQueue {
 public:
  virtual ~ComputeQueue() = default;

  // Runs the buffers in order, each after everything before it is complete and visible; the same
  // buffer may appear repeatedly. `after`: submissions of other queues to wait for, on the card.
  // One doorbell, however many buffers. Blocks only while the ring is full. Throws DriverError:
  // invalid_argument for an empty or malformed buffer, timeout if the ring does not drain.
  virtual FenceValue submit(std::span<const IndirectBuffer> buffers,
                            std::span<const Dependency> after = {}) = 0;

  // The last complete submission. Reads host memory only.
  virtual FenceValue completed() const = 0;

  // The last submission handed out.
  virtual FenceValue submitted() const = 0;

  // A number that changes while the engine works through its packets. Reads host memory only.
  virtual std::uint64_t position() const = 0;

  // Whether `fence` completed within `timeout`. Reads host memory only.
  virtual bool wait(FenceValue fence, std::chrono::nanoseconds timeout) = 0;

  // For other queues to wait for `fence`.
  virtual Dependency dependency(FenceValue fence) const = 0;
};

}  // namespace redbolt::driver
