// redboltd's command line and environment.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/base/quantity.hpp"

namespace redbolt::daemon {

enum class ServiceChange : std::uint8_t { none, install, uninstall };
enum class ServiceManager : std::uint8_t { systemd, launchd };
#ifdef __APPLE__
inline constexpr ServiceManager own_service_manager = ServiceManager::launchd;
#else
inline constexpr ServiceManager own_service_manager = ServiceManager::systemd;
#endif

struct Options {
  std::string device;  // "emulated:vram=1G"; empty: none was named
  std::filesystem::path socket;
  std::vector<std::filesystem::path> firmware;  // folders, best first
  Bytes arena;                                  // 0: all video memory
  std::optional<std::chrono::milliseconds> hang_timeout;
  std::optional<int> ready_fd;
  std::optional<int> exit_with_fd;
  std::string log;  // as given: "info,lease=debug"; LogLevels::apply() takes it
  bool quiet = false;
  ServiceChange service = ServiceChange::none;
  ServiceManager service_manager = own_service_manager;
  bool print = false;  // the service's files, instead of installing them
  bool help = false;
  bool version = false;
};

// The sentence says what is wrong with which flag.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// arguments: without the program's name. environment: as std::getenv; a flag wins over its
// variable. Throws UsageError.
Options parse_options(std::span<const char* const> arguments,
                      const std::function<const char*(const char*)>& environment);

std::string help_text();

// "512", "64K", "20M", "8G" (powers of 1024). Throws UsageError naming `what`.
Bytes parse_size(std::string_view text, std::string_view what);

}  // namespace redbolt::daemon
