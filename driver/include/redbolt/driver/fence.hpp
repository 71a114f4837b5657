// Completion of queued work. Each queue numbers its submissions 1, 2, 3, ... and the card writes
// the number of the last complete one into host memory.
#pragma once

#include <cstdint>

#include "redbolt/base/quantity.hpp"
#include "redbolt/driver/gpu_address.hpp"

namespace redbolt::driver {

// A submission of one queue; work up to and including it is complete when the queue's completed()
// has reached it. 0 is complete from the start.
using FenceValue = Identifier<struct FenceValueTag>;

// A submission of another queue which has to be complete first: made by queue.dependency(fence).
struct Dependency {
  GpuAddress location;  // where the card reads the fence
  FenceValue value;
};

}  // namespace redbolt::driver
