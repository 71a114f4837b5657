// What redbolt-emulator is told on the command line and by the environment.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "redbolt/emulator/card.hpp"
#include "redbolt/emulator/server.hpp"

namespace redbolt::emulator {

class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ProgramOptions {
  std::vector<ListenAddress> listen;
  CardOptions card;
  ServerLimits limits;
  bool bar0_is_fixed = false;
  std::filesystem::path counters;  // empty: none
  std::filesystem::path trace;     // empty: none
  std::optional<int> ready_fd;
  bool quiet = false;
  bool help = false;
  bool version = false;
};

// `environment` is std::getenv or what a test puts in its place. Throws UsageError.
ProgramOptions parse_program_options(std::span<const char* const> arguments,
                                     const std::function<const char*(const char*)>& environment);

std::string program_help();

}  // namespace redbolt::emulator
