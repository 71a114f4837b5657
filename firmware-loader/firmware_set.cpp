#include "redbolt/firmware/firmware_set.hpp"

#include <array>

#include "container.hpp"
#include "decompress.hpp"
#include "search_path.hpp"

namespace redbolt::firmware {
namespace {

// In the order of the enumeration.
constexpr std::array kPieceNames{"psp_key_database",
                                 "psp_security_patch_level",
                                 "psp_system_driver",
                                 "psp_soc_driver",
                                 "psp_interface_driver",
                                 "psp_debug_driver",
                                 "psp_ras_driver",
                                 "psp_secure_os",
                                 "psp_table_of_contents",
                                 "smu",
                                 "sdma_thread1",
                                 "sdma_thread0",
                                 "mec",
                                 "mec_stack",
                                 "imu_instructions",
                                 "imu_data",
                                 "rlc_iram",
                                 "rlc_dram_boot",
                                 "rlc_p",
                                 "rlc_v",
                                 "rlc_g",
                                 "rlc_restore_list_control",
                                 "rlc_restore_list_gpm",
                                 "rlc_restore_list_srm",
                                 "rlc_global_tap_delays",
                                 "rlc_se0_tap_delays",
                                 "rlc_se1_tap_delays",
                                 "rlc_se2_tap_delays",
                                 "rlc_se3_tap_delays"};

constexpr Piece kLastOfReferenceBoot = Piece::rlc_g;

// One row per file: how to read it, and what must be in it.
struct FileKind {
  std::string ChipFirmwareNames::* name;
  void (*read)(Container&, Pieces&);
  std::span<const Piece> required;
};

constexpr std::array kPspRequired{Piece::psp_key_database, Piece::psp_system_driver,
                                  Piece::psp_soc_driver,   Piece::psp_interface_driver,
                                  Piece::psp_debug_driver, Piece::psp_ras_driver,
                                  Piece::psp_secure_os,    Piece::psp_table_of_contents};
constexpr std::array kSmuRequired{Piece::smu};
constexpr std::array kSdmaRequired{Piece::sdma_thread0, Piece::sdma_thread1};
constexpr std::array kMecRequired{Piece::mec, Piece::mec_stack};
constexpr std::array kImuRequired{Piece::imu_instructions, Piece::imu_data};
constexpr std::array kRlcRequired{Piece::rlc_g};

constexpr std::array kFileKinds{
    FileKind{&ChipFirmwareNames::psp, read_psp, kPspRequired},
    FileKind{&ChipFirmwareNames::smu, read_smc, kSmuRequired},
    FileKind{&ChipFirmwareNames::sdma, read_sdma, kSdmaRequired},
    FileKind{&ChipFirmwareNames::mec, read_gfx, kMecRequired},
    FileKind{&ChipFirmwareNames::imu, read_imu, kImuRequired},
    FileKind{&ChipFirmwareNames::rlc, read_rlc, kRlcRequired},
};

void require_pieces(const std::string& file, const Pieces& pieces,
                    std::span<const Piece> required) {
  for (const Piece piece : required) {
    if (pieces.contains(piece)) continue;
    throw FirmwareError(
        FirmwareErrorCode::missing_piece, file,
        "does not hold the piece " + std::string(to_string(piece)) +
            " that the card needs to start; the file is too old or for another card");
  }
}

}  // namespace

std::string_view to_string(Piece piece) {
  return kPieceNames.at(static_cast<std::size_t>(piece));
}

ChipFirmwareNames navi31_firmware_names() {
  return {.psp = "psp_13_0_0_sos.bin",
          .smu = "smu_13_0_0.bin",
          .sdma = "sdma_6_0_0.bin",
          .mec = "gc_11_0_0_mec.bin",
          .imu = "gc_11_0_0_imu.bin",
          .rlc = "gc_11_0_0_rlc.bin"};
}

FirmwareSet FirmwareSet::load(const ChipFirmwareNames& names,
                              std::span<const std::filesystem::path> folders) {
  FirmwareSet set;
  for (const FileKind& kind : kFileKinds) {
    const FoundFile found = find_file(names.*kind.name, folders);
    const std::string file = found.path.string();
    set.contents_.push_back(read_image(found));
    set.files_.push_back({found.path, set.contents_.back().size()});
    Container image(file, set.contents_.back());
    kind.read(image, set.pieces_);
    require_pieces(file, set.pieces_, kind.required);
  }
  for (const auto& [piece, entry] : set.pieces_) {
    if (piece <= kLastOfReferenceBoot) set.loading_order_.push_back(entry);
  }
  return set;
}

const FirmwarePiece* FirmwareSet::find(Piece piece) const {
  const auto found = pieces_.find(piece);
  return found == pieces_.end() ? nullptr : &found->second;
}

}  // namespace redbolt::firmware
