#include "blocks/smu_metrics.hpp"

#include <cstring>

namespace redbolt::emulator {
namespace {

// Byte offsets in SmuMetrics_t.
constexpr std::size_t clocks_at = 0, average_clocks_at = 52, counter_at = 80, activity_at = 104,
                      power_at = 116, temperature_at = 120, intake_at = 146, pcie_at = 148,
                      fan_at = 152;
enum Temperature : std::size_t { edge, hotspot, hotspot_graphics, hotspot_memory, memory };

}  // namespace

std::array<std::byte, 392> encode_metrics(const SmuReadings& readings) {
  std::array<std::byte, 392> table{};
  const auto put = [&](std::size_t at, auto value) {
    std::memcpy(table.data() + at, &value, sizeof value);
  };
  for (std::size_t i = 0; i < smu_clocks; ++i) put(clocks_at + 4 * i, readings.clock_mhz[i]);
  const auto graphics = static_cast<std::uint16_t>(readings.clock_mhz[0]);
  const auto fabric = static_cast<std::uint16_t>(readings.clock_mhz[3]);
  const auto memory_clock = static_cast<std::uint16_t>(readings.clock_mhz[2]);
  // Target, before and after deep sleep; fabric and memory before and after.
  const std::uint16_t averages[] = {graphics, graphics,     graphics,    fabric,
                                    fabric,   memory_clock, memory_clock};
  std::memcpy(table.data() + average_clocks_at, averages, sizeof averages);
  put(counter_at, readings.samples);
  put(activity_at, readings.activity_percent);
  put(activity_at + 2, readings.activity_percent);
  put(power_at, readings.socket_watts);
  put(power_at + 2, readings.board_watts);
  put(temperature_at + 2 * edge, readings.edge_celsius);
  put(temperature_at + 2 * hotspot, readings.hotspot_celsius);
  put(temperature_at + 2 * hotspot_graphics, readings.hotspot_celsius);
  put(temperature_at + 2 * hotspot_memory, readings.memory_celsius);
  put(temperature_at + 2 * memory, readings.memory_celsius);
  put(intake_at, std::uint16_t{28});
  put(pcie_at, std::uint8_t{4});       // generation
  put(pcie_at + 1, std::uint8_t{16});  // lanes
  put(fan_at, readings.fan_rpm);
  return table;
}

}  // namespace redbolt::emulator
