// The copy queue on the card: queue 0 of system DMA engine 0.
#pragma once

#include "copy_engine.hpp"
#include "queues/sdma_packets.hpp"
#include "queues/submission_ring.hpp"
#include "redbolt/driver/copy_queue.hpp"

namespace redbolt::driver {

class SdmaQueue final : public CopyQueue {
 public:
  // The queue is running when this returns.
  SdmaQueue(CopyEngine& engine, SubmissionRing& ring, unsigned doorbell);

  // Resets the engine and connects the queue again, empty. What was submitted counts as complete.
  void restart();

  using CopyQueue::copy;
  FenceValue copy(std::span<const CopyRegion> regions, std::span<const Dependency> after) override;
  FenceValue fill(GpuAddress destination, Bytes size, std::uint32_t value,
                  std::span<const Dependency> after) override;
  FenceValue completed() const override { return ring_.completed(); }
  FenceValue submitted() const override { return ring_.submitted(); }
  std::uint64_t position() const override { return ring_.position(); }
  bool wait(FenceValue fence, std::chrono::nanoseconds timeout) override {
    return ring_.wait(fence, timeout);
  }
  Dependency dependency(FenceValue fence) const override { return ring_.dependency(fence); }

 private:
  void connect();
  void put_waits(std::span<const Dependency> after);
  void finish(FenceValue fence);

  CopyEngine& engine_;
  SubmissionRing& ring_;
  unsigned doorbell_;
  sdma::Words words_;  // kept for its capacity
};

}  // namespace redbolt::driver
