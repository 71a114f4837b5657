#include "blocks/firmware_image.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace redbolt::emulator {
namespace {

// Byte offsets in the image header.
constexpr std::size_t magic_at = 0x10, body_size_at = 0x14, key_at = 0x38, total_size_at = 0x6c,
                      kind_at = 0x7c, chip_at = 0x80;
constexpr std::string_view magic = "$PS1";
constexpr std::string_view key = "REDBOLT-SYNTHKEY";
constexpr std::uint32_t chip = 0x000b0000;  // GC 11.0.0
constexpr std::size_t largest_padding = 16;

std::uint32_t word(std::span<const std::byte> data, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, data.data() + at, sizeof value);
  return value;
}

bool has_text(std::span<const std::byte> data, std::size_t at, std::string_view text) {
  return std::memcmp(data.data() + at, text.data(), text.size()) == 0;
}

// FNV-1a, 64 bits.
std::uint64_t hash(std::span<const std::byte> data) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const std::byte byte : data)
    value = (value ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
  return value;
}

}  // namespace

bool is_verified(FirmwarePolicy policy, std::span<const std::byte> image) {
  if (policy != FirmwarePolicy::automatic) return policy == FirmwarePolicy::strict;
  return image.size() >= image_header_bytes && has_text(image, key_at, key);
}

std::size_t image_size(std::span<const std::byte> header) {
  if (header.size() < image_header_bytes || !has_text(header, magic_at, magic)) return 0;
  return word(header, total_size_at);
}

ImageVerdict check_image(std::span<const std::byte> image, std::span<const std::uint32_t> kinds) {
  if (image.size() < image_header_bytes) return ImageVerdict::truncated;
  if (!has_text(image, magic_at, magic) || !has_text(image, key_at, key))
    return ImageVerdict::bad_header;
  const std::size_t total = word(image, total_size_at);
  if (total > largest_image_bytes) return ImageVerdict::too_large;
  if (total < image_header_bytes + image_trailer_bytes ||
      word(image, body_size_at) != total - image_header_bytes - image_trailer_bytes) {
    return ImageVerdict::bad_header;
  }
  if (image.size() < total) return ImageVerdict::truncated;
  if (image.size() - total > largest_padding) return ImageVerdict::bad_header;
  if (word(image, chip_at) != chip) return ImageVerdict::wrong_chip;
  if (std::find(kinds.begin(), kinds.end(), word(image, kind_at)) == kinds.end())
    return ImageVerdict::wrong_kind;
  const std::size_t trailer = total - image_trailer_bytes;
  const std::uint64_t expected =
      word(image, trailer) | static_cast<std::uint64_t>(word(image, trailer + 4)) << 32;
  return hash(image.first(trailer)) == expected ? ImageVerdict::accepted : ImageVerdict::corrupted;
}

}  // namespace redbolt::emulator
