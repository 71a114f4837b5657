// The options by which run, logits and bench find the card, and the card they found.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "cli/private_daemon.hpp"
#include "redbolt/client/connection.hpp"
#include "redbolt/runtime/device.hpp"

namespace redbolt::llm::cli {

struct DeviceChoice {
  std::string device;              // --device: a private daemon for this command
  std::filesystem::path firmware;  // --firmware: for the private daemon
  std::filesystem::path socket;    // --socket: a running daemon
  double wait_seconds = 0;         // --wait: how long to wait while another program has the card
};

void add_device_options(CLI::App& verb, DeviceChoice& choice);

// The card, connected and leased; the private daemon lives as long.
class ChosenDevice {
 public:
  // `command` is what others who wait for the card are told. Throws LlmError{daemon},
  // client::ClientError.
  ChosenDevice(const DeviceChoice& choice, const std::string& command);

  runtime::Device& device() { return *device_; }
  // Another connection to the daemon, to look at the card while this one works; once. Null where
  // the daemon takes no other.
  std::unique_ptr<client::Connection> take_status_connection() { return std::move(status_); }

 private:
  std::unique_ptr<PrivateDaemon> daemon_;  // ends after device_
  std::unique_ptr<runtime::Device> device_;
  std::unique_ptr<client::Connection> status_;
};

// A line about the card and how it booted.
void note_device(runtime::Device& device);

}  // namespace redbolt::llm::cli
