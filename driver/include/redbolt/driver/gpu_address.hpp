// The address spaces of a card, as types that do not mix.
#pragma once

#include "redbolt/base/quantity.hpp"

namespace redbolt::driver {

// A virtual address in the card's GPU VM: what kernels, packets and queues use.
using GpuAddress = Address<struct GpuAddressTag>;

// A byte position in the card's video memory: what page tables and BAR0 use.
using VramOffset = Address<struct VramOffsetTag>;

// Video memory as the card's memory controller numbers it: framebuffer base + VRAM offset. What the
// security processor, the power controller and the interrupt rings are given.
using McAddress = Address<struct McAddressTag>;

}  // namespace redbolt::driver
