#include "options.hpp"

#include <CLI/CLI.hpp>

#include "redbolt/client/connection.hpp"

namespace redbolt::lock_reset {
namespace {

constexpr const char* footer =
    "\nExit codes: 0 nothing is wrong, or now it is not, 2 usage, 4 the lease is another user's,\n"
    "15 the card is lost, 16 the holder keeps it, 255 other.\n";

void describe(CLI::App& application, Options& options, double& wait_s) {
  application.name("redbolt-lock-reset");
  application.set_version_flag("--version", "redbolt-lock-reset " REDBOLT_VERSION);
  application.footer(footer);
  application.get_formatter()->column_width(30);
  application.add_flag("--dry-run", options.dry_run, "Says what would be done, and does nothing");
  application.add_flag("--force", options.force,
                       "If the holder does not let go: takes the card away from it and resets it");
  application.add_option("--wait", wait_s, "Seconds that the holder gets after it was asked (10)")
      ->check(CLI::Range(0.0, 86400.0))
      ->envname("REDBOLT_WAIT");
  application.add_option("--socket", options.socket, "Where redboltd listens")
      ->envname("REDBOLT_SOCKET");
  // For tests.
  application.add_option("--lock-folder", options.lock_folder)->group("");
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  double wait_s = std::chrono::duration<double>(options.wait).count();
  CLI::App application(
      "Says who holds the card, and asks for it back. Never removes what a living process holds.");
  describe(application, options, wait_s);
  try {
    application.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      application.exit(error);
      return std::nullopt;
    }
    throw UsageError(error.what());
  }
  if (options.socket.empty()) options.socket = client::default_socket_path();
  options.wait = std::chrono::milliseconds(static_cast<long long>(wait_s * 1000));
  return options;
}

}  // namespace redbolt::lock_reset
