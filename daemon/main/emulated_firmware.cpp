#include "main/emulated_firmware.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "redbolt/tools/synthetic_firmware.hpp"

namespace redbolt::daemon {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "redbolt-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      throw std::runtime_error("cannot make a temporary folder " + pattern);
    }
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

firmware::FirmwareSet emulated_firmware(const firmware::ChipFirmwareNames& names) {
  const TemporaryFolder folder;
  for (const auto& image : tools::make_navi31_images()) {
    std::ofstream file(folder.path() / image.name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(image.content.data()),
               static_cast<std::streamsize>(image.content.size()));
    file.close();
    if (!file) throw std::runtime_error("cannot write in " + folder.path().string());
  }
  return firmware::FirmwareSet::load(names, std::vector{folder.path()});
}

}  // namespace redbolt::daemon
