// The firmware images a card needs: where they are, and whether they are whole and sound.
#pragma once

#include <filesystem>
#include <span>

#include "facts/facts.hpp"
#include "redbolt/firmware/firmware_set.hpp"

namespace redbolt::probe {

FirmwareFacts find_firmware(const firmware::ChipFirmwareNames& names,
                            std::span<const std::filesystem::path> folders);

}  // namespace redbolt::probe
