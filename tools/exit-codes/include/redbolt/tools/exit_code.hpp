// What the exit code of redbolt-device-probe and redbolt-lock-reset says. Stable.
#pragma once

#include <cstdint>

namespace redbolt::tools {

enum class ExitCode : std::uint8_t {
  ok = 0,
  usage = 2,
  permission = 4,
  no_card = 6,
  helper_missing = 9,  // a driver, a helper, or firmware
  card_lost = 15,      // fell off the bus, or the server that had it is gone
  busy = 16,
  other = 255,
};

}  // namespace redbolt::tools
