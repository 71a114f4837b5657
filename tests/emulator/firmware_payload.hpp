// Firmware images as the emulated security processor accepts them, written out field by field from
// the description in docs/emulator.md, so that the checks are tested against the description.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace redbolt::emulator::test {

struct Payload {
  std::uint32_t kind = 0;
  std::uint32_t chip = 0x000b0000;
  std::size_t body = 512;
};

inline void put_word(std::vector<std::byte>& data, std::size_t at, std::uint32_t value) {
  std::memcpy(data.data() + at, &value, sizeof value);
}

// Puts the hash that belongs to the rest of the image into its trailer.
inline void seal(std::vector<std::byte>& image) {
  const std::size_t trailer = image.size() - 256;
  std::uint64_t hash = 14695981039346656037ull;
  for (std::size_t i = 0; i < trailer; ++i) {
    hash ^= std::to_integer<std::uint64_t>(image[i]);
    hash *= 1099511628211ull;
  }
  std::memcpy(image.data() + trailer, &hash, sizeof hash);
}

inline std::vector<std::byte> make_payload(const Payload& payload) {
  std::vector<std::byte> image(256 + payload.body + 256);
  for (std::size_t i = 0; i < payload.body; ++i)
    image[256 + i] = static_cast<std::byte>(i * 7 + payload.kind);
  const auto text = [&](std::size_t at, std::string_view characters) {
    std::memcpy(image.data() + at, characters.data(), characters.size());
  };
  text(0x10, "$PS1");
  put_word(image, 0x14, static_cast<std::uint32_t>(payload.body));
  text(0x38, "REDBOLT-SYNTHKEY");
  put_word(image, 0x60, 0x01020304);
  put_word(image, 0x6c, static_cast<std::uint32_t>(image.size()));
  put_word(image, 0x7c, payload.kind);
  put_word(image, 0x80, payload.chip);
  seal(image);
  return image;
}

}  // namespace redbolt::emulator::test
