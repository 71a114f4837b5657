#include "cli/device_choice.hpp"

#include <chrono>

#include "cli/number_range.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {
namespace {

// Before a private daemon's socket is hidden.
std::unique_ptr<client::Connection> connect_for_status(const runtime::DeviceOptions& options) {
  client::ConnectionOptions watching;
  if (!options.socket.empty()) watching.socket = options.socket;
  watching.command = options.command;
  try {
    return std::make_unique<client::Connection>(watching);
  } catch (const client::ClientError&) {
    return nullptr;
  }
}

}  // namespace

void add_device_options(CLI::App& verb, DeviceChoice& choice) {
  auto* const device =
      verb.add_option(
              "--device", choice.device,
              "Start a private daemon on this device for the one command, such as 'emulated'")
          ->envname("REDBOLT_DEVICE")
          ->type_name("SPEC")
          ->group("Card");
  verb.add_option("--socket", choice.socket,
                  "Use the daemon that listens here; by default the one started at login")
      ->envname("REDBOLT_SOCKET")
      ->type_name("PATH")
      ->group("Card")
      ->excludes(device);
  verb.add_option("--firmware", choice.firmware,
                  "With --device: the folder with the card's firmware (else synthetic images)")
      ->envname("REDBOLT_FIRMWARE")
      ->type_name("DIR")
      ->group("Card");
  verb.add_option("--wait", choice.wait_seconds,
                  "Seconds to wait while another program has the card")
      ->envname("REDBOLT_WAIT")
      ->type_name("SECONDS")
      ->check(number_in(0, 1e6))
      ->group("Card");
}

ChosenDevice::ChosenDevice(const DeviceChoice& choice, const std::string& command) {
  runtime::DeviceOptions options;
  options.command = command;
  options.lease_timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>(choice.wait_seconds * 1000));
  options.on_warning = [](const std::string& warning) { note("warning: " + warning); };
  options.on_waiting = [](unsigned position, const client::LeaseHolder& holder) {
    note("waiting for the card, number " + std::to_string(position) + " in line; process " +
         std::to_string(holder.pid) + " (" + holder.command + ") has had it for " +
         fixed(holder.age_seconds, 0) + " s");
  };
  if (!choice.device.empty()) {
    daemon_ = std::make_unique<PrivateDaemon>(PrivateDaemonOptions{choice.device, choice.firmware});
    options.socket = daemon_->socket();
  } else if (!choice.socket.empty()) {
    options.socket = choice.socket;
  }
  device_ = std::make_unique<runtime::Device>(options);
  status_ = connect_for_status(options);
  if (daemon_) daemon_->hide();
}

void note_device(runtime::Device& device) {
  const client::DeviceInfo& info = device.info();
  const client::BootReport boot = device.status().boot;
  note("card: " + info.name + " (" + info.gfx_target + (info.emulated ? ", emulated" : "") + "), " +
       human_bytes(info.vram.count()) + ", " + (boot.warm ? "taken over warm" : "booted cold") +
       " in " + fixed(boot.seconds, 2) + " s");
}

}  // namespace redbolt::llm::cli
