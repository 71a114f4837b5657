// The images of the engines: each header family is a table of where a piece's size, offset and
// version stand in the header, by the minor version that introduced it. Field offsets from the
// amdgpu header structs (firmware_headers.csv); which bytes a piece is, from the way the reference
// boot cuts the same files.
#include <array>

#include "container.hpp"

namespace redbolt::firmware {
namespace {

constexpr std::uint16_t kUnset = 0;

// A piece whose header fields stand at fixed places; offsets in the file are from the file's start.
struct PieceFields {
  Piece piece;
  std::uint16_t since_minor;
  std::uint16_t size_at;
  std::uint16_t offset_at;
  std::uint16_t version_at = kUnset;  // kUnset: the container's version
};

constexpr std::array kRlcPieces{
    PieceFields{Piece::rlc_g, 0, 20, 24},
    PieceFields{Piece::rlc_restore_list_control, 1, 116, 120, 108},
    PieceFields{Piece::rlc_restore_list_gpm, 1, 132, 136, 124},
    PieceFields{Piece::rlc_restore_list_srm, 1, 148, 152, 140},
    PieceFields{Piece::rlc_iram, 2, 156, 160},
    PieceFields{Piece::rlc_dram_boot, 2, 164, 168},
    PieceFields{Piece::rlc_p, 3, 180, 184, 172},
    PieceFields{Piece::rlc_v, 3, 196, 200, 188},
    PieceFields{Piece::rlc_global_tap_delays, 4, 204, 208},
    PieceFields{Piece::rlc_se0_tap_delays, 4, 212, 216},
    PieceFields{Piece::rlc_se1_tap_delays, 4, 220, 224},
    PieceFields{Piece::rlc_se2_tap_delays, 4, 228, 232},
    PieceFields{Piece::rlc_se3_tap_delays, 4, 236, 240},
};
// Size of rlc_firmware_header_v2_MINOR.
constexpr std::array<std::size_t, 5> kRlcHeaderSizes{104, 156, 172, 204, 244};

constexpr std::array kSdmaPieces{
    PieceFields{Piece::sdma_thread0, 0, 36, 24},
    PieceFields{Piece::sdma_thread1, 0, 52, 48},
};

void add_pieces(Container& image, Pieces& pieces, std::span<const PieceFields> table) {
  for (const PieceFields& fields : table) {
    if (fields.since_minor > image.minor()) continue;
    const std::uint32_t version =
        fields.version_at == kUnset ? image.version() : image.u32(fields.version_at);
    image.add_piece(pieces, fields.piece, image.u32(fields.offset_at), image.u32(fields.size_at),
                    version);
  }
}

}  // namespace

void read_rlc(Container& image, Pieces& pieces) {
  if (image.major() != 2 || image.minor() >= kRlcHeaderSizes.size()) {
    image.unsupported("rlc", "2.0 to 2.4");
  }
  image.require_header(kRlcHeaderSizes.at(image.minor()));
  add_pieces(image, pieces, kRlcPieces);
}

void read_sdma(Container& image, Pieces& pieces) {
  if (image.major() != 2 || image.minor() != 0) image.unsupported("sdma", "2.0");
  image.require_header(64);
  add_pieces(image, pieces, kSdmaPieces);
}

void read_smc(Container& image, Pieces& pieces) {
  if (image.major() != 2 || image.minor() > 1) image.unsupported("smc", "2.0 and 2.1");
  image.require_header(44);
  image.add_piece(pieces, Piece::smu, image.payload_offset(), image.payload_size(),
                  image.version());
}

void read_gfx(Container& image, Pieces& pieces) {
  if (image.major() != 2 || image.minor() != 0) image.unsupported("gfx", "2.0");
  image.require_header(60);
  const std::uint64_t start = image.u32(52) | std::uint64_t{image.u32(56)} << 32;
  image.add_piece(pieces, Piece::mec, image.payload_offset(), image.u32(36), image.version(),
                  start);
  image.add_piece(pieces, Piece::mec_stack, image.u32(48), image.u32(44), image.version());
}

void read_imu(Container& image, Pieces& pieces) {
  if (image.major() != 1 || image.minor() != 0) image.unsupported("imu", "1.0");
  image.require_header(48);
  // Both parts follow each other from the payload's start; the offset fields at 36 and 44 are not
  // used by the reference boot.
  const std::uint32_t instructions = image.u32(32);
  image.add_piece(pieces, Piece::imu_instructions, image.payload_offset(), instructions,
                  image.version());
  image.add_piece(pieces, Piece::imu_data, std::uint64_t{image.payload_offset()} + instructions,
                  image.u32(40), image.version());
}

}  // namespace redbolt::firmware
