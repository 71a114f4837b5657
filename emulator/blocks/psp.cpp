#include "blocks/psp.hpp"

#include <array>
#include <chrono>
#include <cstring>

#include "blocks/register_address.hpp"
#include "redbolt/registers/mp_13_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace mp = registers::mp_13_0_0;
using namespace std::chrono_literals;

constexpr RegisterAddress bootloader_mailbox = address_of(mp::MP0_SMN_C2PMSG_35);
constexpr RegisterAddress bootloader_address = address_of(mp::MP0_SMN_C2PMSG_36);
constexpr RegisterAddress reset_status = address_of(mp::MP0_SMN_C2PMSG_33);
constexpr RegisterAddress system_mailbox = address_of(mp::MP0_SMN_C2PMSG_64);
constexpr RegisterAddress ring_write_pointer = address_of(mp::MP0_SMN_C2PMSG_67);
constexpr RegisterAddress ring_address_low = address_of(mp::MP0_SMN_C2PMSG_69);
constexpr RegisterAddress ring_address_high = address_of(mp::MP0_SMN_C2PMSG_70);
constexpr RegisterAddress ring_size = address_of(mp::MP0_SMN_C2PMSG_71);
constexpr RegisterAddress sign_of_life = address_of(mp::MP0_SMN_C2PMSG_81);

constexpr std::uint32_t ready = 1u << 31;
constexpr std::uint32_t system_version = 0x00310042;

// GFX_CTRL_CMD_ID_*; how drivers create the kernel's ring: ring type 2 << 16.
enum SystemCommand : std::uint32_t {
  init_rbi_ring = 0x10000,
  init_gpcom_ring = 0x20000,
  destroy_rings = 0x30000,
  mode1_reset_command = 0x70000,
  destroy_gpcom_ring = 0xc0000,
  command_mask = 0xf0000,
};

// What C2PMSG_64 reports in its low 16 bits.
enum SystemStatus : std::uint32_t { system_ok = 0, system_bad_ring = 6, system_unknown = 10 };

constexpr auto component_latency = 1ms;
constexpr auto system_start_latency = 10ms;
constexpr auto mailbox_latency = 200us;
constexpr auto command_latency = 300us;
constexpr auto reset_latency = 20ms;

constexpr std::size_t frame_bytes = 64;
constexpr std::uint32_t frame_dwords = frame_bytes / 4;

std::uint64_t address_at(std::span<const std::byte> data, std::size_t at) {
  std::uint64_t value = 0;
  std::memcpy(&value, data.data() + at, sizeof value);
  return value;
}

}  // namespace

Psp::Psp(RegisterSpace& registers, PhysicalMemory& memory, MemoryHub& hub, HostDataPath& hdp,
         TimedWorker& worker, FaultInjector& faults, FirmwarePolicy policy,
         CounterRegistry& counters, Hooks hooks)
    : registers_(registers),
      memory_(memory),
      hub_(hub),
      worker_(worker),
      faults_(faults),
      bootloader_(memory, policy, faults),
      commands_(hub, memory, hdp, policy, faults),
      hooks_(std::move(hooks)),
      refused_(counters.get("psp_refusals")) {
  registers_.set_reset_value(bootloader_mailbox, ready);
  registers_.on_write(bootloader_mailbox, 1, [this](const RegisterWrite& w) {
    const std::uint64_t address = static_cast<std::uint64_t>(registers_.peek(bootloader_address))
                                  << 20;
    // The mailbox is busy from here on, whatever the host wrote into bit 31.
    registers_.update(bootloader_mailbox, ready, 0);
    take_command(component_latency,
                 [this, command = w.value, address] { bootloader_command(command, address); });
  });
  registers_.on_write(system_mailbox, 1, [this](const RegisterWrite& w) {
    registers_.update(system_mailbox, ready, 0);
    take_command(mailbox_latency, [this, command = w.value] { system_command(command); });
  });
  registers_.on_write(ring_write_pointer, 1, [this](const RegisterWrite& w) {
    take_command(command_latency, [this, pointer = w.value] { take_frame(pointer); });
  });
  registers_.on_write(sign_of_life, 1,
                      [this](const RegisterWrite& w) { registers_.poke(w.address, w.previous); });
}

void Psp::take_command(TimedWorker::Clock::duration latency, TimedWorker::Task command) {
  const auto fault = faults_.strikes(FaultKind::stall_mailbox, mailbox_psp);
  if (!fault) return worker_.after(latency, std::move(command));
  if (fault->lasts) worker_.after_unscaled(*fault->lasts, std::move(command));
}

void Psp::reset() {
  alive_ = false;
  ring_address_ = 0;
  bootloader_.reset();
  commands_.reset();
}

void Psp::bootloader_command(std::uint32_t command, std::uint64_t address) {
  if (alive_) return;  // the bootloader is gone; nobody answers
  const std::uint16_t status = bootloader_.load(command, McAddress(address));
  if (status != 0) refused_.add();
  if (!bootloader_.system_loaded()) {
    registers_.poke(bootloader_mailbox, ready | status);
    return;
  }
  worker_.after(system_start_latency, [this] {
    alive_ = true;
    registers_.poke(bootloader_mailbox, ready);
    registers_.poke(system_mailbox, ready);
    registers_.poke(sign_of_life, system_version);
  });
}

void Psp::system_command(std::uint32_t command) {
  if (!alive_) return;  // nobody listens before sOS runs
  switch (command & command_mask) {
    case init_rbi_ring:
    case init_gpcom_ring:
      return create_ring();
    case destroy_rings:
    case destroy_gpcom_ring:
      return destroy_ring();
    case mode1_reset_command:
      registers_.poke(reset_status, ready);
      worker_.after(reset_latency, hooks_.mode1_reset);
      return;
    default:
      refused_.add();
      registers_.poke(system_mailbox, ready | system_unknown);
  }
}

void Psp::create_ring() {
  const std::uint64_t address = registers_.peek(ring_address_low) |
                                static_cast<std::uint64_t>(registers_.peek(ring_address_high))
                                    << 32;
  const std::uint32_t size = registers_.peek(ring_size);
  const auto mapped = hub_.translate(0, address, Access::read, HubClient::security_processor);
  const bool in_memory =
      memory_.vram_offset(McAddress(address), Bytes(size)) || (mapped && !mapped->redirected);
  const bool usable = ring_address_ == 0 && address % 4096 == 0 && size >= frame_bytes &&
                      size % frame_bytes == 0 && in_memory;
  if (!usable) {
    refused_.add();
    registers_.poke(system_mailbox, ready | system_bad_ring);
    return;
  }
  ring_address_ = address;
  ring_dwords_ = size / 4;
  read_pointer_ = 0;
  registers_.poke(ring_write_pointer, 0);
  registers_.poke(system_mailbox, ready | system_ok);
}

void Psp::destroy_ring() {
  ring_address_ = 0;
  for (const auto address : {ring_address_low, ring_address_high, ring_size, ring_write_pointer}) {
    registers_.poke(address, 0);
  }
  registers_.poke(system_mailbox, ready | system_ok);
}

// One frame, and again until the write pointer is reached.
void Psp::take_frame(std::uint32_t write_pointer) {
  if (!alive_ || ring_address_ == 0) return;
  const std::uint32_t end = write_pointer % ring_dwords_;
  if (read_pointer_ == end) return;
  const bool ran = run_frame(ring_address_ + std::uint64_t{read_pointer_} * 4);
  if (!ran) refused_.add();
  read_pointer_ = (read_pointer_ + frame_dwords) % ring_dwords_;
  if (read_pointer_ != end && end % frame_dwords == 0) {
    worker_.after(command_latency, [this, write_pointer] { take_frame(write_pointer); });
  }
}

// psp_gfx_rb_frame: command buffer, fence address, fence value (card/psp_ring_structs.csv).
bool Psp::run_frame(std::uint64_t frame_address) {
  constexpr auto client = HubClient::security_processor;
  std::array<std::byte, frame_bytes> frame{};
  std::array<std::byte, psp_command_bytes> command{};
  if (!hub_.read(0, frame_address, frame, client)) return false;
  const std::uint64_t command_address = address_at(frame, 0);
  const std::uint64_t fence_address = address_at(frame, 12);
  if (!hub_.read(0, command_address, command, client)) return false;
  const bool autoload_before = commands_.autoload_requested();
  commands_.run(command);
  constexpr std::size_t response_at = 864;
  const bool succeeded = address_at(command, response_at) << 32 == 0;
  if (!succeeded) refused_.add();
  if (!hub_.write(0, command_address + response_at, std::span(command).subspan(response_at),
                  client))
    return false;
  if (!autoload_before && commands_.autoload_requested()) hooks_.start_graphics();
  return hub_.write32(0, fence_address, static_cast<std::uint32_t>(address_at(frame, 20)), client);
}

}  // namespace redbolt::emulator
