#include "facts/firmware.hpp"

#include <array>

namespace redbolt::probe {
namespace {

std::optional<std::filesystem::path> locate(const std::string& name,
                                            std::span<const std::filesystem::path> folders) {
  for (const auto& folder : folders) {
    for (const char* suffix : {"", ".zst", ".xz"}) {  // as distributions compress them
      const auto path = folder / (name + suffix);
      std::error_code ignored;
      if (std::filesystem::is_regular_file(path, ignored)) return path;
    }
  }
  return std::nullopt;
}

}  // namespace

FirmwareFacts find_firmware(const firmware::ChipFirmwareNames& names,
                            std::span<const std::filesystem::path> folders) {
  FirmwareFacts facts;
  facts.folders.assign(folders.begin(), folders.end());
  for (const std::string* name :
       {&names.psp, &names.smu, &names.sdma, &names.mec, &names.imu, &names.rlc})
    facts.files.push_back({*name, locate(*name, folders), std::nullopt});
  try {
    const auto set = firmware::FirmwareSet::load(names, folders);
    for (const auto& loaded : set.files()) {
      for (FirmwareFile& file : facts.files)
        if (file.path == loaded.path) file.size_bytes = loaded.size;
    }
  } catch (const firmware::FirmwareError& error) {
    facts.problem = error.what();
  }
  return facts;
}

}  // namespace redbolt::probe
