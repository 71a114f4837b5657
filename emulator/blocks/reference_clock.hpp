// The card's 100 MHz reference clock: what timestamps, fences and interrupt entries count in.
#pragma once

#include <chrono>
#include <cstdint>

namespace redbolt::emulator {

// Ticks of 10 ns since some moment before the card was built.
inline std::uint64_t reference_clock() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() / 10);
}

}  // namespace redbolt::emulator
