#include "container.hpp"

#include <cstring>

#include "redbolt/base/checked.hpp"

namespace redbolt::firmware {
namespace {

constexpr std::size_t kCommonHeaderSize = 32;  // common_firmware_header

std::uint32_t read_u32(std::span<const std::byte> bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) {
    value |= std::to_integer<std::uint32_t>(bytes[offset + i]) << (8 * i);
  }
  return value;
}

}  // namespace

Container::Container(const std::string& name, std::span<const std::byte> content)
    : name_(name), content_(content) {
  if (content.size() < kCommonHeaderSize) {
    throw FirmwareError(FirmwareErrorCode::truncated, name,
                        "has " + std::to_string(content.size()) + " bytes, less than a header");
  }
  const std::uint32_t size = read_u32(content, 0);
  header_size_ = read_u32(content, 4);
  major_ = static_cast<std::uint16_t>(read_u32(content, 8) & 0xffff);
  minor_ = static_cast<std::uint16_t>(read_u32(content, 8) >> 16);
  if (size > content.size()) {
    throw FirmwareError(FirmwareErrorCode::truncated, name,
                        "is damaged: its header speaks of " + std::to_string(size) +
                            " bytes and it has " + std::to_string(content.size()));
  }
  if (size < content.size()) bad_header("the header speaks of fewer bytes than the file has");
  if (header_size_ < kCommonHeaderSize || header_size_ > size) {
    bad_header("the header's own size of " + std::to_string(header_size_) + " bytes is impossible");
  }
  if (!range_fits(payload_offset(), payload_size(), size)) {
    throw FirmwareError(FirmwareErrorCode::truncated, name,
                        "is damaged: its code reaches beyond the end of the file");
  }
}

std::uint32_t Container::u32(std::size_t offset) const {
  if (!range_fits(offset, 4, content_.size()))
    bad_header("a field lies beyond the end of the file");
  return read_u32(content_, offset);
}

void Container::require_header(std::size_t bytes) const {
  if (header_size_ < bytes) {
    bad_header("a header of version " + std::to_string(major_) + "." + std::to_string(minor_) +
               " takes " + std::to_string(bytes) + " bytes and this one has " +
               std::to_string(header_size_));
  }
}

void Container::unsupported(const char* family, const char* known) const {
  throw FirmwareError(FirmwareErrorCode::unsupported_version, name_,
                      std::string("has ") + family + " header version " + std::to_string(major_) +
                          "." + std::to_string(minor_) + "; known are " + known);
}

void Container::bad_header(const std::string& fault) const {
  throw FirmwareError(FirmwareErrorCode::bad_header, name_, "is damaged: " + fault);
}

void Container::add_piece(Pieces& pieces, Piece piece, std::uint64_t offset, std::uint64_t size,
                          std::uint32_t version, std::uint64_t start_address) {
  if (size == 0) return;
  const std::string piece_name(to_string(piece));
  if (offset < header_size_) bad_header("piece " + piece_name + " lies inside the header");
  if (!range_fits(offset, size, content_.size())) {
    throw FirmwareError(FirmwareErrorCode::truncated, name_,
                        "is damaged: piece " + piece_name + " reaches beyond the end of the file");
  }
  for (const Range& other : taken_) {
    if (offset < other.end && other.begin < offset + size) {
      throw FirmwareError(FirmwareErrorCode::overlap, name_,
                          "is damaged: pieces " + std::string(to_string(other.piece)) + " and " +
                              piece_name + " overlap");
    }
  }
  taken_.push_back({offset, offset + size, piece});
  const FirmwarePiece entry{piece, content_.subspan(offset, size), version, start_address};
  if (!pieces.emplace(piece, entry).second) bad_header("piece " + piece_name + " stands twice");
}

}  // namespace redbolt::firmware
