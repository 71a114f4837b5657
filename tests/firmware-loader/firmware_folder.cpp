#include "firmware_folder.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace redbolt::firmware {

FirmwareFolder::FirmwareFolder(const tools::SyntheticVersions& versions) {
  std::string pattern = (std::filesystem::temp_directory_path() / "redbolt-fw-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
  for (const auto& image : tools::make_navi31_images(versions)) write(image.name, image.content);
}

FirmwareFolder::~FirmwareFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::byte> FirmwareFolder::read(const std::string& name) const {
  std::ifstream file(path_ / name, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::byte> content(bytes.size());
  std::transform(bytes.begin(), bytes.end(), content.begin(), [](char c) { return std::byte(c); });
  return content;
}

void FirmwareFolder::write(const std::string& name, const std::vector<std::byte>& content) const {
  std::ofstream file(path_ / name, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(content.data()),
             static_cast<std::streamsize>(content.size()));
}

void FirmwareFolder::put_u32(const std::string& name, std::size_t offset,
                             std::uint32_t value) const {
  auto content = read(name);
  for (unsigned i = 0; i < 4; ++i) content.at(offset + i) = std::byte(value >> (8 * i) & 0xff);
  write(name, content);
}

FirmwareSet FirmwareFolder::load() const {
  return FirmwareSet::load(navi31_firmware_names(), std::vector{path_});
}

FirmwareErrorCode FirmwareFolder::load_error() const {
  try {
    load();
  } catch (const FirmwareError& error) {
    // Whatever is wrong, the message says which file and where to get a sound one.
    EXPECT_NE(std::string(error.what()).find(error.file()), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("linux-firmware"), std::string::npos);
    return error.code();
  }
  ADD_FAILURE() << "the damaged set was accepted";
  return {};
}

}  // namespace redbolt::firmware
