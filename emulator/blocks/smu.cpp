#include "blocks/smu.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <span>

#include "blocks/register_address.hpp"
#include "redbolt/registers/mp_13_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace mp = registers::mp_13_0_0;
using namespace std::chrono_literals;

constexpr RegisterAddress message_register = address_of(mp::MP1_SMN_C2PMSG_66);
constexpr RegisterAddress argument_register = address_of(mp::MP1_SMN_C2PMSG_82);
constexpr RegisterAddress response_register = address_of(mp::MP1_SMN_C2PMSG_90);
constexpr RegisterAddress debug_message_register = address_of(mp::MP1_SMN_C2PMSG_75);
constexpr RegisterAddress debug_response_register = address_of(mp::MP1_SMN_C2PMSG_54);

// PPSMC_Result_*
enum Result : std::uint32_t {
  ok = 1,
  busy = 252,
  prerequisite = 253,
  unknown_command = 254,
  failed = 255
};

constexpr std::uint32_t version = 0x004e7e00;  // 78.126.0
constexpr std::uint32_t interface_version = 0x3d;
constexpr std::uint32_t metrics_table = 5;  // TABLE_SMU_METRICS
constexpr std::uint32_t debug_mode1_reset = 2;

constexpr auto message_latency = 100us;
constexpr auto features_latency = 2ms;
constexpr auto debug_latency = 500us;
constexpr auto reset_latency = 20ms;

// Levels of each clock (PPCLK_*) in MHz, as the reference trace shows them for the four that a
// compute driver sets; the others have one level.
constexpr std::uint32_t graphics_levels[] = {500, 1500, 2500};
constexpr std::uint32_t soc_levels[] = {500, 960, 1200};
constexpr std::uint32_t memory_levels[] = {96, 456, 772, 1249};
constexpr std::uint32_t fabric_levels[] = {500, 1124, 1800, 2000};
constexpr std::uint32_t video_levels[] = {400, 1600};
constexpr std::uint32_t display_levels[] = {480};

constexpr std::array<std::span<const std::uint32_t>, smu_clocks> levels = {
    graphics_levels, soc_levels,     memory_levels, fabric_levels,  video_levels,
    video_levels,    video_levels,   video_levels,  display_levels, display_levels,
    display_levels,  display_levels, display_levels};

// Messages about clocks carry the clock in the upper and a frequency or index in the lower half.
std::uint32_t clock_of(std::uint32_t argument) {
  return argument >> 16;
}
std::uint32_t value_of(std::uint32_t argument) {
  return argument & 0xffff;
}

// Drivers lift a limit by asking for 0 or 0xffff.
std::uint32_t within_levels(std::uint32_t clock, std::uint32_t frequency) {
  return std::clamp<std::uint32_t>(frequency, levels[clock].front(), levels[clock].back());
}

std::uint16_t approach(std::uint16_t now, std::uint16_t target) {
  return static_cast<std::uint16_t>((now + 3 * target) / 4);
}

}  // namespace

// always: answered before the driver's image has been loaded.
struct Smu::Message {
  std::uint32_t id;
  bool always;
  Reply (Smu::*handler)(std::uint32_t);
};

// PPSMC_MSG_*
constexpr Smu::Message Smu::messages[] = {
    {1, true, &Smu::test},
    {2, true, &Smu::get_version},
    {3, true, &Smu::get_interface_version},
    {4, false, &Smu::set_allowed_low},
    {5, false, &Smu::set_allowed_high},
    {6, false, &Smu::enable_all},
    {7, false, &Smu::disable_all},
    {12, false, &Smu::running_low},
    {13, false, &Smu::running_high},
    {14, false, &Smu::set_dram_high},
    {15, false, &Smu::set_dram_low},
    {16, false, &Smu::accept},  // SetToolsDramAddrHigh
    {17, false, &Smu::accept},  // SetToolsDramAddrLow
    {18, false, &Smu::table_to_dram},
    {20, false, &Smu::accept},       // UseDefaultPPTable
    {25, false, &Smu::set_minimum},  // SetSoftMinByFreq
    {26, false, &Smu::set_maximum},  // SetSoftMaxByFreq
    {27, false, &Smu::set_minimum},  // SetHardMinByFreq
    {28, false, &Smu::set_maximum},  // SetHardMaxByFreq
    {29, false, &Smu::get_minimum},
    {30, false, &Smu::get_maximum},
    {31, false, &Smu::get_level},
    {36, false, &Smu::accept},     // SetWorkloadMask
    {40, false, &Smu::accept},     // AllowGfxOff
    {41, false, &Smu::accept},     // DisallowGfxOff
    {46, false, &Smu::accept},     // PrepareMp1ForUnload
    {47, true, &Smu::reset_card},  // Mode1Reset
    {50, false, &Smu::accept},     // SetPptLimit
};

Smu::Smu(RegisterSpace& registers, MemoryHub& hub, TimedWorker& worker, FaultInjector& faults,
         CounterRegistry& counters, Hooks hooks)
    : registers_(registers),
      hub_(hub),
      worker_(worker),
      faults_(faults),
      hooks_(std::move(hooks)),
      messages_(counters.get("smu_messages")),
      rejected_(counters.get("smu_messages_rejected")) {
  registers_.on_write(message_register, 1, [this](const RegisterWrite& w) {
    messages_.add();
    const std::uint32_t argument = registers_.peek(argument_register);
    take_message(mailbox_smu, 0us, [this, id = w.value, argument] { message(id, argument); });
  });
  registers_.on_write(debug_message_register, 1, [this](const RegisterWrite& w) {
    take_message(mailbox_smu_debug, debug_latency, [this, id = w.value] { debug_message(id); });
  });
  reset();
}

void Smu::take_message(MailboxTarget mailbox, TimedWorker::Clock::duration latency,
                       TimedWorker::Task message) {
  const auto fault = faults_.strikes(FaultKind::stall_mailbox, mailbox);
  if (!fault) return worker_.after(latency, std::move(message));
  if (fault->lasts) worker_.after_unscaled(*fault->lasts, std::move(message));
}

void Smu::reset() {
  busy_ = false;
  allowed_ = ~0ull;
  running_ = 0;
  dram_address_ = 0;
  for (std::size_t clock = 0; clock < smu_clocks; ++clock) {
    limits_[clock] = {levels[clock].front(), levels[clock].back()};
  }
  readings_ = {};
  readings_.edge_celsius = 38;
  readings_.hotspot_celsius = 44;
  readings_.memory_celsius = 46;
  readings_.socket_watts = 18;
}

void Smu::answer_debug_message() {
  registers_.poke(debug_response_register, ok);
}

void Smu::message(std::uint32_t id, std::uint32_t argument) {
  if (busy_) {
    rejected_.add();
    registers_.poke(response_register, busy);
    return;
  }
  busy_ = true;
  const auto latency = id == 6 ? std::chrono::microseconds(features_latency) : message_latency;
  worker_.after(latency, [this, id, argument] {
    const Reply reply = handle(id, argument);
    busy_ = false;
    registers_.poke(argument_register, reply.argument);
    registers_.poke(response_register, reply.result);
  });
}

Smu::Reply Smu::handle(std::uint32_t id, std::uint32_t argument) {
  const auto* const entry = std::find_if(std::begin(messages), std::end(messages),
                                         [&](const Message& m) { return m.id == id; });
  if (entry == std::end(messages)) return {unknown_command, argument};
  if (!entry->always && !hooks_.image_loaded()) return {prerequisite, argument};
  return (this->*entry->handler)(argument);
}

void Smu::debug_message(std::uint32_t id) {
  registers_.poke(debug_response_register,
                  id == 1 || id == debug_mode1_reset ? ok : unknown_command);
  if (id == debug_mode1_reset) begin_mode1_reset();
}

void Smu::begin_mode1_reset() {
  worker_.after(reset_latency, hooks_.mode1_reset);
}

Smu::Reply Smu::test(std::uint32_t argument) {
  return {ok, argument + 1};
}
Smu::Reply Smu::get_version(std::uint32_t) {
  return {ok, version};
}
Smu::Reply Smu::get_interface_version(std::uint32_t) {
  return {ok, interface_version};
}
Smu::Reply Smu::accept(std::uint32_t argument) {
  return {ok, argument};
}

Smu::Reply Smu::set_allowed_low(std::uint32_t argument) {
  allowed_ = (allowed_ & ~0xffffffffull) | argument;
  return {ok, argument};
}

Smu::Reply Smu::set_allowed_high(std::uint32_t argument) {
  allowed_ = (allowed_ & 0xffffffffull) | static_cast<std::uint64_t>(argument) << 32;
  return {ok, argument};
}

Smu::Reply Smu::enable_all(std::uint32_t argument) {
  running_ = allowed_;
  return {ok, argument};
}

Smu::Reply Smu::disable_all(std::uint32_t argument) {
  running_ = 0;
  return {ok, argument};
}

Smu::Reply Smu::running_low(std::uint32_t) {
  return {ok, static_cast<std::uint32_t>(running_)};
}
Smu::Reply Smu::running_high(std::uint32_t) {
  return {ok, static_cast<std::uint32_t>(running_ >> 32)};
}

Smu::Reply Smu::set_dram_high(std::uint32_t argument) {
  dram_address_ = (dram_address_ & 0xffffffffull) | static_cast<std::uint64_t>(argument) << 32;
  return {ok, argument};
}

Smu::Reply Smu::set_dram_low(std::uint32_t argument) {
  dram_address_ = (dram_address_ & ~0xffffffffull) | argument;
  return {ok, argument};
}

Smu::Reply Smu::table_to_dram(std::uint32_t argument) {
  if (argument != metrics_table || dram_address_ == 0) return {failed, argument};
  const auto table = encode_metrics(read_sensors());
  const bool written = hub_.write(0, dram_address_, table, HubClient::power_controller);
  return {written ? ok : failed, argument};
}

Smu::Reply Smu::set_minimum(std::uint32_t argument) {
  const std::uint32_t clock = clock_of(argument);
  if (clock >= smu_clocks) return {failed, argument};
  const std::uint32_t frequency = within_levels(clock, value_of(argument));
  limits_[clock].minimum = frequency;
  limits_[clock].maximum = std::max(limits_[clock].maximum, frequency);
  return {ok, argument};
}

Smu::Reply Smu::set_maximum(std::uint32_t argument) {
  const std::uint32_t clock = clock_of(argument);
  if (clock >= smu_clocks) return {failed, argument};
  const std::uint32_t frequency = within_levels(clock, value_of(argument));
  limits_[clock].maximum = frequency;
  limits_[clock].minimum = std::min(limits_[clock].minimum, frequency);
  return {ok, argument};
}

Smu::Reply Smu::get_minimum(std::uint32_t argument) {
  const std::uint32_t clock = clock_of(argument);
  return clock < smu_clocks ? Reply{ok, levels[clock].front()} : Reply{failed, argument};
}

Smu::Reply Smu::get_maximum(std::uint32_t argument) {
  const std::uint32_t clock = clock_of(argument);
  return clock < smu_clocks ? Reply{ok, levels[clock].back()} : Reply{failed, argument};
}

Smu::Reply Smu::get_level(std::uint32_t argument) {
  constexpr std::uint32_t how_many = 0xff;
  const std::uint32_t clock = clock_of(argument), index = value_of(argument);
  if (clock >= smu_clocks) return {failed, argument};
  if (index == how_many) return {ok, static_cast<std::uint32_t>(levels[clock].size())};
  return index < levels[clock].size() ? Reply{ok, levels[clock][index]} : Reply{failed, argument};
}

Smu::Reply Smu::reset_card(std::uint32_t argument) {
  begin_mode1_reset();
  return {ok, argument};
}

SmuReadings Smu::read_sensors() {
  const bool working = hooks_.graphics_busy();
  for (std::size_t clock = 0; clock < smu_clocks; ++clock) {
    readings_.clock_mhz[clock] = working ? limits_[clock].maximum : limits_[clock].minimum;
  }
  readings_.edge_celsius = approach(readings_.edge_celsius, working ? 64 : 38);
  readings_.hotspot_celsius = approach(readings_.hotspot_celsius, working ? 82 : 44);
  readings_.memory_celsius = approach(readings_.memory_celsius, working ? 78 : 46);
  readings_.socket_watts = approach(readings_.socket_watts, working ? 315 : 18);
  readings_.board_watts = static_cast<std::uint16_t>(readings_.socket_watts + 20);
  readings_.activity_percent = working ? 100 : 0;
  readings_.fan_rpm = working ? 1600 : 0;
  ++readings_.samples;
  return readings_;
}

}  // namespace redbolt::emulator
