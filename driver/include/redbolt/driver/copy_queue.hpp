// The copy queue: the card's system DMA engine, for copies between video memory and host memory and
// for fills. Same rules as the compute queue: one doorbell per submission, fences in host memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "redbolt/driver/fence.hpp"

namespace redbolt::driver {

// Any alignment; the ranges must not overlap.
struct CopyRegion {
  GpuAddress destination;
  GpuAddress source;
  Bytes size;
};

class CopyQueue {
 public:
  virtual ~CopyQueue() = default;

  // Copies the regions in order. Throws DriverError (invalid_argument, timeout).
  virtual FenceValue copy(std::span<const CopyRegion> regions,
                          std::span<const Dependency> after = {}) = 0;
  FenceValue copy(GpuAddress destination, GpuAddress source, Bytes size,
                  std::span<const Dependency> after = {}) {
    const CopyRegion region{destination, source, size};
    return copy({&region, 1}, after);
  }

  // Fills with a repeated 32-bit value; destination and size are multiples of 4.
  virtual FenceValue fill(GpuAddress destination, Bytes size, std::uint32_t value,
                          std::span<const Dependency> after = {}) = 0;

  // As in ComputeQueue.
  virtual FenceValue completed() const = 0;
  virtual FenceValue submitted() const = 0;

  // A number that changes while the engine works through its packets. Reads host memory only.
  virtual std::uint64_t position() const = 0;
  virtual bool wait(FenceValue fence, std::chrono::nanoseconds timeout) = 0;
  virtual Dependency dependency(FenceValue fence) const = 0;
};

}  // namespace redbolt::driver
