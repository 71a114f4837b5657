// The synthetic firmware, loaded from a folder of its own.
#pragma once

#include <fstream>
#include <vector>

#include "redbolt/firmware/firmware_set.hpp"
#include "redbolt/tools/synthetic_firmware.hpp"
#include "temporary_folder.hpp"

namespace redbolt::driver::test {

class FirmwareFiles {
 public:
  FirmwareFiles() : set_(load(folder_.path())) {}
  const firmware::FirmwareSet& set() const { return set_; }
  firmware::FirmwareSet take() { return std::move(set_); }

 private:
  static firmware::FirmwareSet load(const std::filesystem::path& folder) {
    for (const auto& image : tools::make_navi31_images()) {
      std::ofstream file(folder / image.name, std::ios::binary);
      file.write(reinterpret_cast<const char*>(image.content.data()),
                 static_cast<std::streamsize>(image.content.size()));
    }
    return firmware::FirmwareSet::load(firmware::navi31_firmware_names(), std::vector{folder});
  }
  redbolt::test::TemporaryFolder folder_;
  firmware::FirmwareSet set_;
};

}  // namespace redbolt::driver::test
