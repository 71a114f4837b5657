// The compute queue on the card: queue 0 of the compute micro engine's first pipe.
#pragma once

#include "graphics_core.hpp"
#include "memory/host_data_path.hpp"
#include "memory/memory_hub.hpp"
#include "memory/vram_window.hpp"
#include "queues/mqd.hpp"
#include "queues/pm4.hpp"
#include "queues/submission_ring.hpp"
#include "redbolt/driver/compute_queue.hpp"
#include "register_file.hpp"

namespace redbolt::driver {

class MecQueue final : public ComputeQueue {
 public:
  // `end_of_pipe`: 4 KiB of video memory that outlive the queue. It is running when this returns.
  MecQueue(RegisterFile& registers, VramWindow& window, HostDataPath& host_data_path,
           const Framebuffer& framebuffer, SubmissionRing& ring, GpuAddress end_of_pipe,
           unsigned doorbell);

  // Puts the queue, empty, back on an engine from which it was taken. What was submitted counts as
  // complete.
  void restart();

  FenceValue submit(std::span<const IndirectBuffer> buffers,
                    std::span<const Dependency> after) override;
  FenceValue completed() const override { return ring_.completed(); }
  FenceValue submitted() const override { return ring_.submitted(); }
  std::uint64_t position() const override { return ring_.position(); }
  bool wait(FenceValue fence, std::chrono::nanoseconds timeout) override {
    return ring_.wait(fence, timeout);
  }
  Dependency dependency(FenceValue fence) const override { return ring_.dependency(fence); }

 private:
  void activate();

  RegisterFile& registers_;
  VramWindow& window_;
  HostDataPath& host_data_path_;
  SubmissionRing& ring_;
  QueueDescriptor descriptor_;
  std::uint32_t flush_request_;  // registers of the HDP flush, as packets address them
  std::uint32_t flush_done_;
  pm4::Words words_;  // of the submission being put together; kept for its capacity
};

}  // namespace redbolt::driver
