// Little-endian fields of headers that are being written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace redbolt::tools {

// bytes[offset .. offset + 4) must exist.
inline void put_u32(std::vector<std::byte>& bytes, std::size_t offset, std::uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) bytes.at(offset + i) = std::byte(value >> (8 * i) & 0xff);
}

}  // namespace redbolt::tools
