#include "redbolt/firmware/firmware_error.hpp"

#include <array>
#include <utility>

namespace redbolt::firmware {
namespace {

constexpr std::array kNames{"missing",      "unreadable",          "truncated",
                            "bad_header",   "unsupported_version", "overlap",
                            "missing_piece"};

constexpr const char* kWhereToGet =
    "Get the file from linux-firmware (Debian: package firmware-amd-graphics; otherwise the folder "
    "amdgpu of https://gitlab.com/kernel-firmware/linux-firmware) and put it into "
    "~/.local/share/redbolt/firmware, or name its folder with --firmware.";

}  // namespace

const char* to_string(FirmwareErrorCode code) {
  return kNames.at(static_cast<std::size_t>(code));
}

FirmwareError::FirmwareError(FirmwareErrorCode code, std::string file, const std::string& fault)
    : std::runtime_error("firmware file " + file + ": " + fault + ". " + kWhereToGet),
      code_(code),
      file_(std::move(file)) {}

}  // namespace redbolt::firmware
