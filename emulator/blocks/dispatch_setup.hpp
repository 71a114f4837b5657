// A dispatch packet and the COMPUTE_* registers, as the wave launcher wants them.
#pragma once

#include <array>
#include <cstdint>

#include "blocks/register_space.hpp"
#include "packets/pm4_processor.hpp"
#include "redbolt/emulator/shader/dispatcher.hpp"

namespace redbolt::emulator {

// Throws QueueError(dispatch_refused) when no compute unit may run the queue's waves.
Dispatch set_up_dispatch(const ShRegisters& registers, std::array<std::uint32_t, 3> dimensions,
                         std::uint32_t initiator, unsigned vmid, const RegisterSpace& space);

}  // namespace redbolt::emulator
