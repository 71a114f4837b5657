// What the security processor checks of an image before it lets a controller run it.
//
// The real one verifies AMD's signature, which nobody else can make. The emulated one checks what
// stands in for it in the synthetic images (tools/make-firmware): the PSP header's magic, a key id,
// the piece and chip the image is for, its sizes, and a hash over all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "redbolt/emulator/card.hpp"

namespace redbolt::emulator {

enum class ImageVerdict : std::uint8_t {
  accepted,
  truncated,   // shorter than its header, or than the header says
  bad_header,  // magic, key or sizes
  wrong_kind,  // an image, but not the piece that the command names
  wrong_chip,
  corrupted,  // the hash does not match
  too_large,
};

// `kind` fields of the image header.
constexpr std::uint32_t bootloader_kind(std::uint32_t psp_firmware_type) {
  return psp_firmware_type;
}
constexpr std::uint32_t ring_kind(std::uint32_t graphics_firmware_type) {
  return 0x10000 | graphics_firmware_type;
}

inline constexpr std::size_t image_header_bytes = 256;
inline constexpr std::size_t image_trailer_bytes = 256;
inline constexpr std::size_t largest_image_bytes = std::size_t{1} << 20;  // PSP_1_MEG

// Whether the policy asks for a check of an image that begins with these bytes.
bool is_verified(FirmwarePolicy policy, std::span<const std::byte> image);

// Total size of the image as its header says, 0 if there is no header.
std::size_t image_size(std::span<const std::byte> header);

// Checks a whole image; `image` may be followed by no more than 16 bytes of padding. `kinds` are
// the kinds that fit.
ImageVerdict check_image(std::span<const std::byte> image, std::span<const std::uint32_t> kinds);

}  // namespace redbolt::emulator
