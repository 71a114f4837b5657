// redbolt-device-probe's command line and environment.
#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace redbolt::probe {

struct Options {
  std::string device;  // as for redboltd, or pci:ADDRESS; empty: what this machine has
  std::filesystem::path socket;
  std::vector<std::filesystem::path> firmware;  // empty: the system's folders
  std::filesystem::path sysfs = "/sys";
  std::filesystem::path devices = "/dev";
  bool json = false;
  bool watch = false;
  bool test = false;
  double interval_s = 1;
};

class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// std::nullopt when only information was asked for, which has been printed. Throws UsageError.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace redbolt::probe
