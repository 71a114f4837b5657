#include "search_path.hpp"

#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

#include "redbolt/firmware/firmware_set.hpp"

namespace redbolt::firmware {
namespace {

constexpr std::array kSuffixes{std::pair{"", Compression::none},
                               std::pair{".zst", Compression::zstd},
                               std::pair{".xz", Compression::xz}};

}  // namespace

std::vector<std::filesystem::path> default_folders() {
  std::vector<std::filesystem::path> folders;
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0') {
    folders.emplace_back(std::filesystem::path(data) / "redbolt" / "firmware");
  } else if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    folders.emplace_back(std::filesystem::path(home) / ".local/share/redbolt/firmware");
  }
  for (const char* folder :
       {"/lib/firmware/updates/amdgpu", "/lib/firmware/amdgpu", "/usr/lib/firmware/amdgpu",
        "/usr/local/share/redbolt/firmware", "/opt/homebrew/share/redbolt/firmware"}) {
    folders.emplace_back(folder);
  }
  return folders;
}

FoundFile find_file(const std::string& name, std::span<const std::filesystem::path> folders) {
  for (const auto& folder : folders) {
    for (const auto& [suffix, compression] : kSuffixes) {
      auto path = folder / (name + suffix);
      std::error_code ignored;
      if (std::filesystem::is_regular_file(path, ignored)) return {std::move(path), compression};
    }
  }
  std::string looked;
  for (const auto& folder : folders) looked += (looked.empty() ? "" : ", ") + folder.string();
  throw FirmwareError(FirmwareErrorCode::missing, name,
                      looked.empty() ? "no folder was given to look in" : "not found in " + looked);
}

}  // namespace redbolt::firmware
