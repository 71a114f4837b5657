// redbolt-lock-reset's command line and environment.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>

namespace redbolt::lock_reset {

struct Options {
  std::filesystem::path socket;
  std::filesystem::path lock_folder = "/tmp";  // where tinygrad's lock files are
  std::chrono::milliseconds wait{10'000};      // for the holder, once it has been asked
  bool dry_run = false;
  bool force = false;
};

class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// std::nullopt when only information was asked for, which has been printed. Throws UsageError.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace redbolt::lock_reset
