// The metrics table that the power controller writes into driver memory (SmuMetrics_t of AMD's
// interface header for SMU 13.0.0, in the form in which it goes over: 240 bytes and spare words).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace redbolt::emulator {

inline constexpr std::size_t smu_clocks = 13;  // PPCLK_COUNT

struct SmuReadings {
  std::array<std::uint32_t, smu_clocks> clock_mhz{};
  std::uint16_t edge_celsius = 0, hotspot_celsius = 0, memory_celsius = 0;
  std::uint16_t socket_watts = 0, board_watts = 0;
  std::uint16_t activity_percent = 0;
  std::uint16_t fan_rpm = 0;
  std::uint32_t samples = 0;  // how many times the table has been made
};

std::array<std::byte, 392> encode_metrics(const SmuReadings& readings);

}  // namespace redbolt::emulator
