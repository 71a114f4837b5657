// Reads a firmware file whole, unpacking it where a distribution compressed it.
#pragma once

#include <cstddef>
#include <vector>

#include "search_path.hpp"

namespace redbolt::firmware {

// The largest amdgpu image is about 4 MiB; a file that unpacks to more than this is not one.
constexpr std::size_t kLargestImage = std::size_t{32} << 20;

// Throws FirmwareError(unreadable) when the file cannot be read, is larger than kLargestImage or is
// not what its suffix says.
std::vector<std::byte> read_image(const FoundFile& file);

}  // namespace redbolt::firmware
