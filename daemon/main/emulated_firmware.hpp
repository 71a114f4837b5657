// Firmware for a card that exists only in software.
#pragma once

#include "redbolt/firmware/firmware_set.hpp"

namespace redbolt::daemon {

// A set of synthetic images (tools/make-firmware), by way of a temporary folder that is gone when
// the function returns. The emulated card takes these, and not AMD's, unless it is told otherwise.
// Throws FirmwareError for a chip there are no synthetic images of, std::runtime_error when the
// temporary folder cannot be written.
firmware::FirmwareSet emulated_firmware(const firmware::ChipFirmwareNames& names);

}  // namespace redbolt::daemon
