#include "security_processor.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "memory/vram_layout.hpp"
#include "psp_protocol.hpp"
#include "redbolt/registers/mp_13_0_0.hpp"

namespace redbolt::driver {
namespace {

namespace mp0 = registers::mp_13_0_0;

// What the mailbox registers are for. Their names only say that the host writes them.
constexpr auto& kBootStatus = mp0::MP0_SMN_C2PMSG_35;        // command in, bit 31 when ready
constexpr auto& kBootAddress = mp0::MP0_SMN_C2PMSG_36;       // MC address of the piece, in MiB
constexpr auto& kRingStatus = mp0::MP0_SMN_C2PMSG_64;        // ring command in, response out
constexpr auto& kRingWritePointer = mp0::MP0_SMN_C2PMSG_67;  // in dwords
constexpr auto& kRingAddressLow = mp0::MP0_SMN_C2PMSG_69;
constexpr auto& kRingAddressHigh = mp0::MP0_SMN_C2PMSG_70;
constexpr auto& kRingSize = mp0::MP0_SMN_C2PMSG_71;
constexpr auto& kSecureOsAlive = mp0::MP0_SMN_C2PMSG_81;  // not 0 once the secure OS runs

constexpr std::uint32_t low32(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}
constexpr std::uint32_t high32(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

std::string hexadecimal(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof(text), "0x%x", value);
  return text;
}

std::string name_of(firmware::Piece piece) {
  return std::string(firmware::to_string(piece));
}

}  // namespace

// The bytes of a command, filled in by argument position.
struct SecurityProcessor::Command {
  std::array<std::byte, psp::kCommandSize> bytes{};

  explicit Command(psp::CommandId id) { put(psp::kCommandIdAt, static_cast<std::uint32_t>(id)); }
  void put(std::size_t at, std::uint32_t value) {
    std::memcpy(bytes.data() + at, &value, sizeof(value));
  }
  void argument(std::size_t index, std::uint32_t value) {
    put(psp::kArgumentsAt + index * 4, value);
  }
  void address(std::size_t index, std::uint64_t value) {
    argument(index, low32(value));
    argument(index + 1, high32(value));
  }
  std::uint32_t get(std::size_t at) const {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    return value;
  }
};

SecurityProcessor::SecurityProcessor(RegisterFile& registers, VramWindow& window,
                                     HostDataPath& host_data_path, const Framebuffer& framebuffer)
    : registers_(registers),
      window_(window),
      host_data_path_(host_data_path),
      framebuffer_(framebuffer) {}

bool SecurityProcessor::is_running() {
  return registers_.read(kSecureOsAlive) != 0;
}

// Puts firmware where the PSP reads it. Padded as the reference driver pads: with at least 4 zero
// bytes, to a multiple of 16.
void SecurityProcessor::stage(std::span<const std::byte> data, const char* what) {
  const std::uint64_t padded = (std::uint64_t{data.size()} + 4 + 15) / 16 * 16;
  if (padded > vram_layout::kPspMessageSize.count()) {
    throw registers_.error(
        DriverErrorCode::firmware_refused, nullptr,
        std::string(what) + " is larger than the 1 MiB the security processor takes");
  }
  std::vector<std::byte> bytes(padded);
  std::ranges::copy(data, bytes.begin());
  window_.write(vram_layout::kPspMessage, bytes);
  host_data_path_.flush();
}

void SecurityProcessor::boot_piece(std::uint32_t command, std::span<const std::byte> data,
                                   const char* what) {
  registers_.wait(kBootStatus, psp::kFlagResponse, psp::kFlagResponse);
  stage(data, what);
  registers_.write(kBootAddress,
                   low32(framebuffer_.address(vram_layout::kPspMessage).value() >> 20));
  registers_.write(kBootStatus, command);
}

void SecurityProcessor::boot(const firmware::FirmwareSet& firmware) {
  window_.fill_zero(vram_layout::kPspFence, Bytes(4096));
  for (const auto& [piece, command] : psp::kBootCommands) {
    const firmware::FirmwarePiece* image = firmware.find(piece);
    // Images without a security patch level of their own send the key database again.
    if (!image && piece == firmware::Piece::psp_security_patch_level) {
      image = firmware.find(firmware::Piece::psp_key_database);
    }
    if (!image) continue;  // FirmwareSet has made sure that what the chip needs is there
    const std::string what = name_of(piece);
    boot_piece(command, image->data, what.c_str());
    if (piece == firmware::Piece::psp_secure_os) break;
    const std::uint32_t status =
        registers_.wait(kBootStatus, psp::kFlagResponse, psp::kFlagResponse);
    if (status != psp::kFlagResponse) {
      throw registers_.error(DriverErrorCode::firmware_refused, &kBootStatus,
                             "the security processor refused " + what + " with status " +
                                 hexadecimal(status & ~psp::kFlagResponse));
    }
  }
  registers_.wait_until(kSecureOsAlive.definition.name, [&] {
    if (is_running()) return true;
    const std::uint32_t status = registers_.read(kBootStatus);
    if ((status & psp::kFlagResponse) != 0 && (status & psp::kResponseStatusMask) != 0) {
      throw registers_.error(DriverErrorCode::firmware_refused, &kBootStatus,
                             "the security processor refused psp_secure_os with status " +
                                 hexadecimal(status & ~psp::kFlagResponse));
    }
    return false;
  });
}

void SecurityProcessor::create_ring() {
  registers_.wait(kRingStatus, psp::kFlagResponse, psp::kFlagResponse);
  const McAddress ring = framebuffer_.address(vram_layout::kPspRing);
  registers_.write(kRingAddressLow, low32(ring.value()));
  registers_.write(kRingAddressHigh, high32(ring.value()));
  registers_.write(kRingSize, low32(vram_layout::kPspRingSize.count()));
  registers_.write(kRingStatus, psp::kRingTypeKernel << 16);
  const std::uint32_t status = registers_.wait(kRingStatus, psp::kFlagResponse, psp::kFlagResponse);
  if ((status & psp::kResponseStatusMask) != 0) {
    throw registers_.error(DriverErrorCode::command_refused, &kRingStatus,
                           "the security processor refused its command ring with status " +
                               hexadecimal(status & psp::kResponseStatusMask));
  }
}

void SecurityProcessor::submit(Command& command, const char* what) {
  const std::uint32_t write_pointer = registers_.read(kRingWritePointer);
  const auto ring_dwords = static_cast<std::uint32_t>(vram_layout::kPspRingSize.count() / 4);
  if (write_pointer % psp::kFrameDwords != 0 || write_pointer >= ring_dwords) {
    throw registers_.error(DriverErrorCode::command_refused, &kRingWritePointer,
                           "the security processor's ring has an impossible write pointer " +
                               hexadecimal(write_pointer));
  }
  // The fence page starts zeroed, and this value is new for every frame of the ring.
  const std::uint32_t fence = write_pointer + 1;

  std::array<std::byte, psp::kFrameSize> frame{};
  const auto put64 = [&](std::size_t at, McAddress value) {
    const std::uint64_t raw = value.value();
    std::memcpy(frame.data() + at, &raw, sizeof(raw));
  };
  put64(psp::kFrameCommandAt, framebuffer_.address(vram_layout::kPspCommand));
  put64(psp::kFrameFenceAt, framebuffer_.address(vram_layout::kPspFence));
  std::memcpy(frame.data() + psp::kFrameFenceValueAt, &fence, sizeof(fence));

  window_.write(vram_layout::kPspCommand, command.bytes);
  window_.write(vram_layout::kPspRing + Bytes(std::uint64_t{write_pointer} * 4), frame);
  host_data_path_.flush();
  registers_.write(kRingWritePointer,
                   static_cast<std::uint32_t>((write_pointer + psp::kFrameDwords) % ring_dwords));

  registers_.wait_until(std::string("PSP fence of ") + what,
                        [&] { return window_.read32(vram_layout::kPspFence) == fence; });
  window_.read(vram_layout::kPspCommand, command.bytes);
  if (const std::uint32_t status = command.get(psp::kResponseStatusAt); status != 0) {
    throw registers_.error(DriverErrorCode::firmware_refused, nullptr,
                           std::string("the security processor refused ") + what + " with status " +
                               hexadecimal(status));
  }
}

void SecurityProcessor::load_table_of_contents(std::span<const std::byte> data) {
  stage(data, "psp_table_of_contents");
  Command command(psp::CommandId::load_toc);
  command.address(0, framebuffer_.address(vram_layout::kPspMessage).value());
  command.argument(2, static_cast<std::uint32_t>(data.size()));
  submit(command, "psp_table_of_contents");
  const std::uint32_t needed = command.get(psp::kResponseTmrSizeAt);
  if (needed > vram_layout::kTrustedMemorySize.count()) {
    throw registers_.error(DriverErrorCode::firmware_refused, nullptr,
                           "this firmware wants " + std::to_string(needed >> 20) +
                               " MiB of trusted memory; 19 MiB are set aside for it");
  }
}

void SecurityProcessor::set_up_trusted_memory() {
  constexpr std::uint32_t kHasVideoMemoryOffset = 1u << 1;  // virt_phy_addr
  Command command(psp::CommandId::setup_tmr);
  command.address(0, framebuffer_.address(vram_layout::kTrustedMemory).value());
  command.argument(2, low32(vram_layout::kTrustedMemorySize.count()));
  command.argument(3, kHasVideoMemoryOffset);
  command.address(4, vram_layout::kTrustedMemory.value());
  submit(command, "trusted memory");
}

void SecurityProcessor::load_piece(std::uint32_t type, std::span<const std::byte> data,
                                   const char* what) {
  stage(data, what);
  Command command(psp::CommandId::load_ip_fw);
  command.address(0, framebuffer_.address(vram_layout::kPspMessage).value());
  command.argument(2, static_cast<std::uint32_t>(data.size()));
  command.argument(3, type);
  submit(command, what);
}

void SecurityProcessor::start_autoload() {
  Command command(psp::CommandId::autoload_rlc);
  submit(command, "RLC autoload");
}

unsigned SecurityProcessor::load_engines(const firmware::FirmwareSet& firmware) {
  if (const auto* toc = firmware.find(firmware::Piece::psp_table_of_contents)) {
    load_table_of_contents(toc->data);
  }
  unsigned loaded = 0;
  for (const auto& [piece, type] : psp::kEngineTypes) {
    if (const auto* image = firmware.find(piece)) {
      load_piece(type, image->data, name_of(piece).c_str());
      ++loaded;
    }
    // Everything after the SMU lives in the trusted memory.
    if (piece == firmware::Piece::smu) set_up_trusted_memory();
  }
  start_autoload();
  return loaded;
}

}  // namespace redbolt::driver
