#include "options.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

#include "redbolt/client/connection.hpp"

namespace redbolt::probe {
namespace {

constexpr const char* footer =
    "\nExit codes: 0 all well, 2 usage, 4 permission, 6 no card, 9 driver, helper or firmware "
    "missing,\n15 the card fell off the bus, 16 busy, 255 other.\n";

void describe(CLI::App& application, Options& options) {
  application.name("redbolt-device-probe");
  application.set_version_flag("--version", "redbolt-device-probe " REDBOLT_VERSION);
  application.footer(footer);
  application.get_formatter()->column_width(30);
  application
      .add_option("--device", options.device,
                  "The card: pci:ADDRESS for one of this machine's, or a card as redboltd takes it "
                  "(emulated[:KEY=VALUE,...], ...). Else the best card of this machine")
      ->envname("REDBOLT_DEVICE");
  application.add_option("--socket", options.socket, "Where redboltd listens")
      ->envname("REDBOLT_SOCKET");
  application
      .add_option("--firmware", options.firmware,
                  "A folder with firmware images; may be given several times")
      ->delimiter(':')
      ->envname("REDBOLT_FIRMWARE");
  auto* json = application.add_flag("--json", options.json,
                                    "One JSON object instead of text (docs/device-probe.md)");
  auto* watch = application.add_flag("--watch", options.watch,
                                     "A live view of the card that redboltd has: temperature, "
                                     "power, clocks, memory, lease, speed");
  auto* test = application.add_flag(
      "--test", options.test,
      "Also test video memory and queues: boots the card, or takes redboltd's lease for a moment");
  application.add_option("--interval", options.interval_s, "Seconds between two looks of --watch")
      ->check(CLI::Range(0.1, 3600.0))
      ->needs(watch);
  watch->excludes(json)->excludes(test);
  // For tests: other roots than the system's.
  application.add_option("--sysfs-root", options.sysfs)->envname("REDBOLT_SYSFS")->group("");
  application.add_option("--dev-root", options.devices)->group("");
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App application(
      "Looks at the card from the cable to the daemon, and says what to do about the first thing "
      "that is wrong. Changes nothing unless --test is given.");
  describe(application, options);
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
  return options;
}

}  // namespace redbolt::probe
