// From `--device SPEC` to a card that can be booted. The only place that knows which ways to reach
// a card there are, and the only one that knows the emulator.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "backend.hpp"
#include "redbolt/driver/card.hpp"

namespace redbolt::daemon {

struct DeviceRequest {
  std::string_view spec;                        // KIND or KIND:details
  std::vector<std::filesystem::path> firmware;  // empty: what the kind of device takes by itself
  Bytes arena;                                  // 0: all
  std::function<void(const driver::BootStep&)> on_step;
};

struct DeviceChoice {
  BackendFactory factory;
  // The two halves of the factory, for tools that look at the card: a way to it, and its firmware.
  std::function<std::unique_ptr<pci::PciFunction>()> attach;
  driver::Card::FirmwareSource firmware;
  bool emulated = false;
  std::chrono::milliseconds hang_timeout;  // unless the user says otherwise
};

// Throws UsageError for a spec that names no device, and what making the device throws.
DeviceChoice choose_device(const DeviceRequest& request);

// The kinds of devices, for --help.
std::string device_help();

}  // namespace redbolt::daemon
