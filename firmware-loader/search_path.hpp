// Where a firmware file is on this machine.
#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace redbolt::firmware {

enum class Compression { none, zstd, xz };

struct FoundFile {
  std::filesystem::path path;
  Compression compression = Compression::none;
};

// The first of folder/NAME, folder/NAME.zst, folder/NAME.xz, folder by folder.
// Throws FirmwareError(missing) that lists the folders.
FoundFile find_file(const std::string& name, std::span<const std::filesystem::path> folders);

}  // namespace redbolt::firmware
