// What all amdgpu firmware containers share: the common header, checked reads of little-endian
// fields, and the collection of pieces with their ranges checked against the file and each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "redbolt/firmware/firmware_set.hpp"

namespace redbolt::firmware {

using Pieces = std::map<Piece, FirmwarePiece>;

// One image with a common_firmware_header that has been checked: the file is as long as the header
// says, and the header lies inside it.
class Container {
 public:
  // Throws FirmwareError(truncated | bad_header). `name` and `content` outlive the container.
  Container(const std::string& name, std::span<const std::byte> content);

  std::uint16_t major() const { return major_; }
  std::uint16_t minor() const { return minor_; }
  std::uint32_t version() const { return u32(16); }
  std::uint32_t payload_size() const { return u32(20); }    // ucode_size_bytes
  std::uint32_t payload_offset() const { return u32(24); }  // ucode_array_offset_bytes

  // A little-endian field of the header. Offsets inside the header struct of the version are
  // checked once, by require_header().
  std::uint32_t u32(std::size_t offset) const;

  // Throws FirmwareError(bad_header) unless the header is at least `bytes` long.
  void require_header(std::size_t bytes) const;
  // FirmwareError(unsupported_version), naming the family and the versions that are known.
  [[noreturn]] void unsupported(const char* family, const char* known) const;
  [[noreturn]] void bad_header(const std::string& fault) const;

  // Adds [offset, offset + size) of the file as a piece; a size of 0 adds nothing. Throws
  // FirmwareError(truncated) when it does not lie inside the file behind the header, and
  // FirmwareError(overlap) when it shares bytes with an earlier piece.
  void add_piece(Pieces& pieces, Piece piece, std::uint64_t offset, std::uint64_t size,
                 std::uint32_t version, std::uint64_t start_address = 0);

 private:
  struct Range {
    std::uint64_t begin, end;
    Piece piece;
  };

  const std::string& name_;
  std::span<const std::byte> content_;
  std::size_t header_size_ = 0;
  std::uint16_t major_ = 0;
  std::uint16_t minor_ = 0;
  std::vector<Range> taken_;
};

// One reader per header family; each adds the pieces the image carries.
void read_psp(Container& image, Pieces& pieces);   // psp 2.0, 2.1
void read_smc(Container& image, Pieces& pieces);   // smc 2.0, 2.1
void read_sdma(Container& image, Pieces& pieces);  // sdma 2.0
void read_gfx(Container& image, Pieces& pieces);   // gfx 2.0 (RS64)
void read_imu(Container& image, Pieces& pieces);   // imu 1.0
void read_rlc(Container& image, Pieces& pieces);   // rlc 2.0 to 2.4

}  // namespace redbolt::firmware
