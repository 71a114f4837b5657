// The security processor's image: a list of binaries by type (psp_firmware_header_v2_0, v2_1).
#include <array>
#include <optional>

#include "container.hpp"
#include "redbolt/base/checked.hpp"

namespace redbolt::firmware {
namespace {

// psp_fw_bin_desc: fw_type, fw_version, offset_bytes (from the payload's start), size_bytes.
constexpr std::size_t kDescriptorSize = 16;

// Far above the eleven types there are; bounds the work a damaged count can cause.
constexpr std::uint32_t kMostDescriptors = 64;

struct BinaryType {
  std::uint32_t type;  // PSP_FW_TYPE_*
  Piece piece;
};

constexpr std::array kBinaryTypes{
    BinaryType{1, Piece::psp_secure_os},
    BinaryType{2, Piece::psp_system_driver},
    BinaryType{3, Piece::psp_key_database},
    BinaryType{4, Piece::psp_table_of_contents},
    BinaryType{5, Piece::psp_security_patch_level},
    BinaryType{7, Piece::psp_soc_driver},
    BinaryType{8, Piece::psp_interface_driver},
    BinaryType{9, Piece::psp_debug_driver},
    BinaryType{10, Piece::psp_ras_driver},
};

std::optional<Piece> piece_of(std::uint32_t type) {
  for (const auto& entry : kBinaryTypes) {
    if (entry.type == type) return entry.piece;
  }
  return std::nullopt;  // RL, IPKEYMGR and later types: not part of this boot
}

void read_descriptors(Container& image, Pieces& pieces, std::size_t table, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t at = table + i * kDescriptorSize;
    const auto piece = piece_of(image.u32(at));
    if (!piece) continue;
    const std::uint64_t offset = std::uint64_t{image.payload_offset()} + image.u32(at + 8);
    image.add_piece(pieces, *piece, offset, image.u32(at + 12), image.u32(at + 4));
  }
}

}  // namespace

void read_psp(Container& image, Pieces& pieces) {
  if (image.major() != 2 || image.minor() > 1) image.unsupported("psp", "2.0 and 2.1");
  const bool has_auxiliary = image.minor() == 1;
  const std::size_t table = has_auxiliary ? 40 : 36;
  image.require_header(table);
  const std::uint32_t all = image.u32(32);
  if (all > kMostDescriptors) image.bad_header("it lists " + std::to_string(all) + " binaries");
  // From psp_aux_fw_bin_index on, the list is for another variant of the board. 0 means none.
  std::uint32_t count = all;
  if (has_auxiliary && image.u32(36) != 0) {
    count = image.u32(36);
    if (count > all) image.bad_header("its second list of binaries begins behind the last one");
  }
  // The descriptor array is declared with one element and continues behind the header struct; the
  // payload begins behind it.
  if (table + std::size_t{all} * kDescriptorSize > image.payload_offset()) {
    image.bad_header("its list of binaries runs into the binaries");
  }
  read_descriptors(image, pieces, table, count);
}

}  // namespace redbolt::firmware
