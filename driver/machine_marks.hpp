// What this driver leaves in two scratch registers of the graphics core, which only a reset clears:
// that it has initialised the card, in a layout of this version (SCRATCH_REG7), and how the last
// run stands (SCRATCH_REG6).
#pragma once

#include <chrono>
#include <cstdint>

namespace redbolt::driver {

namespace marks {
inline constexpr std::uint32_t kInitialised = 0x5edb0001;
inline constexpr std::uint32_t kLeftCleanly = 0;
inline constexpr std::uint32_t kRunning = 1;
inline constexpr std::uint32_t kNeedsReset = 2;  // a fault from which there was no recovery
}  // namespace marks

// How long a queue may take to leave its engine before a heavier reset is tried.
inline constexpr std::chrono::milliseconds kDequeueTime{1000};

}  // namespace redbolt::driver
