// The firmware one card needs, found on disk, checked and taken apart into typed pieces in the
// order in which the card wants them. This part knows file formats, not registers: how a piece is
// handed to the card is the driver's business.
//
// Formats: the amdgpu containers of linux-firmware, header families psp, smc, sdma, gfx, imu and
// rlc, plain or compressed with zstd or xz as distributions ship them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/firmware/firmware_error.hpp"

namespace redbolt::firmware {

// In loading order: the security processor's boot chain, its table of contents, then what the
// running security processor loads into the other engines (order from the reference boot).
enum class Piece : std::uint8_t {
  psp_key_database,
  psp_security_patch_level,  // optional: older sOS files lack it
  psp_system_driver,
  psp_soc_driver,
  psp_interface_driver,
  psp_debug_driver,
  psp_ras_driver,
  psp_secure_os,
  psp_table_of_contents,
  smu,
  sdma_thread1,  // control thread
  sdma_thread0,  // context thread
  mec,           // RS64 compute micro engine: instructions
  mec_stack,     // and its initial data
  imu_instructions,
  imu_data,
  rlc_iram,       // from rlc header 2.2 on
  rlc_dram_boot,  // from rlc header 2.2 on
  rlc_p,          // from rlc header 2.3 on
  rlc_v,          // from rlc header 2.3 on
  rlc_g,
  // Carried by some images and checked, but not part of the reference boot:
  rlc_restore_list_control,
  rlc_restore_list_gpm,
  rlc_restore_list_srm,
  rlc_global_tap_delays,
  rlc_se0_tap_delays,
  rlc_se1_tap_delays,
  rlc_se2_tap_delays,
  rlc_se3_tap_delays,
};

// "rlc_g": the name used in messages.
std::string_view to_string(Piece piece);

// One piece: a view into the FirmwareSet that gave it.
struct FirmwarePiece {
  Piece piece{};
  std::span<const std::byte> data;
  std::uint32_t version = 0;
  // Where an RS64 engine starts to execute (byte address); 0 for pieces that have no such notion.
  std::uint64_t start_address = 0;
};

// The six files of one chip. Names are without folder and compression suffix.
struct ChipFirmwareNames {
  std::string psp, smu, sdma, mec, imu, rlc;
};

// Radeon RX 7900 XT/XTX: MP0 13.0.0, MP1 13.0.0, SDMA 6.0.0, GC 11.0.0.
ChipFirmwareNames navi31_firmware_names();

// Where distributions and Redbolt keep firmware, best first: $XDG_DATA_HOME/redbolt/firmware,
// /lib/firmware/updates/amdgpu, /lib/firmware/amdgpu, /usr/lib/firmware/amdgpu and Homebrew's
// share.
std::vector<std::filesystem::path> default_folders();

class FirmwareSet {
 public:
  // Reads each file from the first folder that holds it (as NAME, NAME.zst or NAME.xz) and checks
  // it. Throws FirmwareError; nothing is kept of a set that is not whole.
  static FirmwareSet load(const ChipFirmwareNames& names,
                          std::span<const std::filesystem::path> folders);

  // nullptr when the images do not carry the piece.
  const FirmwarePiece* find(Piece piece) const;

  // The pieces of the reference boot that the images carry, in the order of the enumeration.
  std::span<const FirmwarePiece> in_loading_order() const { return loading_order_; }

  // The files that were read, for reports: path and bytes after decompression.
  struct File {
    std::filesystem::path path;
    std::size_t size = 0;
  };
  std::span<const File> files() const { return files_; }

 private:
  std::vector<std::vector<std::byte>> contents_;  // moved with the set: pieces point into the heap
  std::vector<File> files_;
  std::map<Piece, FirmwarePiece> pieces_;
  std::vector<FirmwarePiece> loading_order_;
};

}  // namespace redbolt::firmware
