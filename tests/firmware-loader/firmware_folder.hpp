// A temporary folder of firmware files that a test can damage.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "redbolt/firmware/firmware_set.hpp"
#include "redbolt/tools/synthetic_firmware.hpp"

namespace redbolt::firmware {

class FirmwareFolder {
 public:
  explicit FirmwareFolder(const tools::SyntheticVersions& versions = {});
  ~FirmwareFolder();
  FirmwareFolder(const FirmwareFolder&) = delete;
  FirmwareFolder& operator=(const FirmwareFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::vector<std::byte> read(const std::string& name) const;
  void write(const std::string& name, const std::vector<std::byte>& content) const;
  void put_u32(const std::string& name, std::size_t offset, std::uint32_t value) const;
  FirmwareSet load() const;
  // The code load() fails with; a test failure when it does not fail.
  FirmwareErrorCode load_error() const;

 private:
  std::filesystem::path path_;
};

}  // namespace redbolt::firmware
