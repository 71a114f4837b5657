#include "blocks/psp_commands.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "blocks/firmware_image.hpp"

namespace redbolt::emulator {
namespace {

// Byte offsets in psp_gfx_cmd_resp (card/psp_ring_structs.csv).
constexpr std::size_t command_id_at = 8, arguments_at = 28, status_at = 864,
                      firmware_address_at = 872, tmr_size_at = 880, boot_configuration_at = 928;

// What the chip's table of contents asks for; drivers reserve it before they set it up.
constexpr std::uint32_t tmr_bytes = 0x1300000;
constexpr std::uint64_t tmr_alignment = 1u << 20;

constexpr std::uint32_t toc_image_kind = 4;  // PSP_FW_TYPE_PSP_TOC

// GFX_FW_TYPE_* that this chip's controllers take.
constexpr std::uint32_t smu = 18;
constexpr std::uint32_t supported[] = {
    7 /* RLC_V */,
    8 /* RLC_G */,
    smu,
    20,
    21,
    22 /* RLC restore lists */,
    25 /* RLC_P */,
    26 /* RLC_IRAM */,
    48 /* RLC_DRAM_BOOT */,
    35,
    36,
    37,
    38,
    39 /* RLC save and restore */,
    27,
    28,
    29,
    65,
    66 /* tap delays */,
    67 /* REG_LIST */,
    68 /* IMU_I */,
    69 /* IMU_D */,
    71 /* SDMA thread 0 */,
    72 /* SDMA thread 1 */,
    76,
    77,
    78,
    79 /* RS64 MES, KIQ */,
    33,
    34,
    81,
    82 /* MES */,
    87,
    88 /* RS64 PFP, ME */,
    90,
    91,
    92,
    93,
    89 /* RS64 MEC */,
    94,
    95,
    96,
    97 /* RS64 MEC stacks */,
};

// Without these the graphics block cannot start.
constexpr std::uint32_t needed_for_autoload[] = {8, 68, 69, 71, 72, 89, 94};

std::uint32_t word(std::span<const std::byte> data, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, data.data() + at, sizeof value);
  return value;
}

void set_word(std::span<std::byte> data, std::size_t at, std::uint32_t value) {
  std::memcpy(data.data() + at, &value, sizeof value);
}

std::uint64_t address_argument(std::span<const std::byte> command) {
  return word(command, arguments_at) | static_cast<std::uint64_t>(word(command, arguments_at + 4))
                                           << 32;
}

PspStatus status_of(ImageVerdict verdict) {
  switch (verdict) {
    case ImageVerdict::accepted:
      return PspStatus::success;
    case ImageVerdict::truncated:
      return PspStatus::bad_parameters;
    case ImageVerdict::bad_header:
      return PspStatus::bad_format;
    case ImageVerdict::wrong_kind:
    case ImageVerdict::wrong_chip:
    case ImageVerdict::corrupted:
      return PspStatus::security;
    case ImageVerdict::too_large:
      return PspStatus::out_of_memory;
  }
  return PspStatus::security;
}

}  // namespace

void PspCommands::run(std::span<std::byte> command) {
  using Handler = PspStatus (PspCommands::*)(std::span<std::byte>);
  struct Entry {
    std::uint32_t id;
    Handler handler;
  };
  static constexpr Entry table[] = {
      {5, &PspCommands::set_up_tmr},  {6, &PspCommands::load_firmware},
      {7, &PspCommands::destroy_tmr}, {0x20, &PspCommands::load_toc},
      {0x21, &PspCommands::autoload}, {0x22, &PspCommands::boot_configuration}};
  const std::uint32_t id = word(command, command_id_at);
  const auto* const entry =
      std::find_if(std::begin(table), std::end(table), [&](const Entry& e) { return e.id == id; });
  const PspStatus status =
      entry == std::end(table) ? PspStatus::not_supported : (this->*entry->handler)(command);
  set_word(command, status_at, static_cast<std::uint32_t>(status));
}

PspStatus PspCommands::check_payload(std::uint64_t address, std::uint32_t size,
                                     std::uint32_t kind) {
  if (faults_.strikes(FaultKind::refuse_firmware, kind)) return PspStatus::security;
  if (size > largest_image_bytes) return PspStatus::out_of_memory;
  if (size == 0) return PspStatus::bad_parameters;
  std::vector<std::byte> image(size);
  if (!memory_.read(McAddress(address), image) &&
      !hub_.read(0, address, image, HubClient::security_processor)) {
    return PspStatus::bad_parameters;
  }
  if (!is_verified(policy_, image)) return PspStatus::success;
  return status_of(check_image(image, std::span(&kind, 1)));
}

PspStatus PspCommands::load_toc(std::span<std::byte> command) {
  const PspStatus status =
      check_payload(address_argument(command), word(command, arguments_at + 8), toc_image_kind);
  if (status != PspStatus::success) return status;
  toc_loaded_ = true;
  set_word(command, tmr_size_at, tmr_bytes);
  return PspStatus::success;
}

PspStatus PspCommands::set_up_tmr(std::span<std::byte> command) {
  if (!toc_loaded_ || tmr_set_up_) return PspStatus::bad_state;
  const McAddress address(address_argument(command));
  const Bytes size(word(command, arguments_at + 8));
  const auto offset = memory_.vram_offset(address, size);
  if (!offset || size < Bytes(tmr_bytes) || address.value() % tmr_alignment != 0)
    return PspStatus::bad_parameters;
  tmr_set_up_ = true;
  hdp_.protect(*offset, size);
  return PspStatus::success;
}

PspStatus PspCommands::destroy_tmr(std::span<std::byte>) {
  if (!tmr_set_up_) return PspStatus::bad_state;
  tmr_set_up_ = false;
  hdp_.protect(VramOffset{}, Bytes{});
  return PspStatus::success;
}

PspStatus PspCommands::load_firmware(std::span<std::byte> command) {
  const std::uint32_t size = word(command, arguments_at + 8),
                      type = word(command, arguments_at + 12);
  if (std::find(std::begin(supported), std::end(supported), type) == std::end(supported)) {
    return PspStatus::not_supported;
  }
  // The power controller has its own memory; every other image goes to the TMR.
  if (type != smu && !tmr_set_up_) return PspStatus::bad_state;
  const PspStatus status = check_payload(address_argument(command), size, ring_kind(type));
  if (status != PspStatus::success) return status;
  loaded_.set(type);
  if (type == smu) power_controller_loaded_.store(true, std::memory_order_release);
  set_word(command, firmware_address_at, 0);
  return PspStatus::success;
}

PspStatus PspCommands::autoload(std::span<std::byte>) {
  const bool complete = std::all_of(std::begin(needed_for_autoload), std::end(needed_for_autoload),
                                    [this](std::uint32_t type) { return loaded_.test(type); });
  if (!complete || !tmr_set_up_) return PspStatus::bad_state;
  autoload_requested_ = true;
  return PspStatus::success;
}

PspStatus PspCommands::boot_configuration(std::span<std::byte> command) {
  set_word(command, boot_configuration_at, 0);
  return PspStatus::success;
}

void PspCommands::reset() {
  toc_loaded_ = tmr_set_up_ = autoload_requested_ = false;
  loaded_.reset();
  power_controller_loaded_.store(false, std::memory_order_release);
  hdp_.protect(VramOffset{}, Bytes{});
}

}  // namespace redbolt::emulator
