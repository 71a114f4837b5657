#include "power_controller.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "memory/vram_layout.hpp"
#include "redbolt/registers/mp_11_0_0.hpp"

namespace redbolt::driver {
namespace {

namespace mp1 = registers::mp_11_0_0;

constexpr auto& kMessage = mp1::MP1_SMN_C2PMSG_66;
constexpr auto& kArgument = mp1::MP1_SMN_C2PMSG_82;
constexpr auto& kResponse = mp1::MP1_SMN_C2PMSG_90;
constexpr auto& kDebugMessage = mp1::MP1_SMN_C2PMSG_75;
constexpr auto& kDebugArgument = mp1::MP1_SMN_C2PMSG_53;
constexpr auto& kDebugResponse = mp1::MP1_SMN_C2PMSG_54;

constexpr std::uint32_t kResultOk = 1;
constexpr std::uint32_t kDebugModeOneReset = 2;
constexpr std::uint32_t kMetricsTable = 5;
constexpr std::uint32_t kLevelCountIndex = 0xff;
constexpr unsigned kMaxLevels = 32;

// The clocks this driver pins, in the reference's order.
constexpr std::array kClocks = {SmuClock::memory, SmuClock::fabric, SmuClock::soc,
                                SmuClock::graphics};

// Offsets in the metrics table of SMU 13.0.0 (SmuMetrics_t, smu13_driver_if_v13_0_0.h in Linux).
constexpr std::size_t kMetricsCurrentClocks = 0;  // u32 each, in the order of SmuClock
constexpr std::size_t kMetricsGraphicsActivity = 104;
constexpr std::size_t kMetricsSocketPower = 116;
constexpr std::size_t kMetricsEdgeTemperature = 120;
constexpr std::size_t kMetricsHotspotTemperature = 122;
constexpr std::size_t kMetricsMemoryTemperature = 128;
constexpr std::size_t kMetricsRead = 132;

const char* result_name(std::uint32_t result) {
  switch (result) {
    case 0xff:
      return "failed";
    case 0xfe:
      return "unknown message";
    case 0xfd:
      return "something else has to be done first";
    case 0xfc:
      return "busy";
    default:
      return "unknown result";
  }
}

}  // namespace

PowerController::PowerController(RegisterFile& registers, VramWindow& window,
                                 const Framebuffer& framebuffer)
    : registers_(registers), window_(window), framebuffer_(framebuffer) {}

std::uint32_t PowerController::send(SmuMessage message, std::uint32_t argument) {
  registers_.write(kResponse, 0);
  registers_.write(kArgument, argument);
  registers_.write(kMessage, static_cast<std::uint32_t>(message));
  std::uint32_t result = 0;
  registers_.wait_until(kResponse.definition.name, [&] {
    result = registers_.read(kResponse);
    return result != 0 && result != 0xffffffff;
  });
  if (result != kResultOk) {
    throw registers_.error(DriverErrorCode::command_refused, &kResponse,
                           "the power controller refused message " +
                               std::to_string(static_cast<std::uint32_t>(message)) + ": " +
                               result_name(result) + " (" + std::to_string(result) + ")");
  }
  return registers_.read(kArgument);
}

void PowerController::set_table_address() {
  const std::uint64_t address = framebuffer_.address(vram_layout::kSmuTable).value();
  send(SmuMessage::set_driver_dram_address_high, static_cast<std::uint32_t>(address >> 32));
  send(SmuMessage::set_driver_dram_address_low, static_cast<std::uint32_t>(address));
}

void PowerController::enable_features() {
  send(SmuMessage::enable_all_features, 0);
}

void PowerController::read_levels() {
  levels_.clear();
  for (const SmuClock clock : kClocks) {
    const std::uint32_t selector = static_cast<std::uint32_t>(clock) << 16;
    const unsigned count =
        send(SmuMessage::get_dpm_frequency_by_index, selector | kLevelCountIndex) & 0xffff;
    if (count == 0 || count > kMaxLevels) {
      throw registers_.error(DriverErrorCode::command_refused, &kArgument,
                             "the power controller names an impossible number of clock levels: " +
                                 std::to_string(count));
    }
    Levels levels{clock, {}};
    for (unsigned index = 0; index < count; ++index) {
      levels.megahertz.push_back(send(SmuMessage::get_dpm_frequency_by_index, selector | index) &
                                 0xffff);
    }
    levels_.push_back(std::move(levels));
  }
}

void PowerController::pin(SmuClock clock, unsigned megahertz) {
  const std::uint32_t argument = static_cast<std::uint32_t>(clock) << 16 | megahertz;
  send(SmuMessage::set_soft_min_by_frequency, argument);
  send(SmuMessage::set_soft_max_by_frequency, argument);
}

void PowerController::raise_clocks() {
  for (const Levels& levels : levels_) pin(levels.clock, levels.megahertz.back());
}

void PowerController::lower_clocks() {
  for (const Levels& levels : levels_) pin(levels.clock, levels.megahertz.front());
}

unsigned PowerController::top_frequency(SmuClock clock) const {
  const auto found = std::ranges::find(levels_, clock, &Levels::clock);
  return found == levels_.end() ? 0 : found->megahertz.back();
}

Metrics PowerController::metrics() {
  send(SmuMessage::transfer_table_to_dram, kMetricsTable);
  std::array<std::byte, kMetricsRead> table{};
  window_.read(vram_layout::kSmuTable, table);
  const auto u16 = [&](std::size_t at) {
    std::uint16_t value = 0;
    std::memcpy(&value, table.data() + at, sizeof(value));
    return value;
  };
  const auto clock = [&](SmuClock which) {
    std::uint32_t value = 0;
    std::memcpy(&value, table.data() + kMetricsCurrentClocks + static_cast<std::size_t>(which) * 4,
                sizeof(value));
    return value;
  };
  Metrics metrics;
  metrics.edge_temperature = u16(kMetricsEdgeTemperature);
  metrics.hotspot_temperature = u16(kMetricsHotspotTemperature);
  metrics.memory_temperature = u16(kMetricsMemoryTemperature);
  metrics.socket_power_watts = u16(kMetricsSocketPower);
  metrics.graphics_clock = clock(SmuClock::graphics);
  metrics.memory_clock = clock(SmuClock::memory);
  metrics.graphics_activity = u16(kMetricsGraphicsActivity);
  return metrics;
}

void PowerController::request_reset() {
  registers_.write(kDebugResponse, 0);
  registers_.write(kDebugArgument, 0);
  registers_.write(kDebugMessage, kDebugModeOneReset);
  registers_.wait(kDebugResponse, 0xff, kResultOk);
}

}  // namespace redbolt::driver
