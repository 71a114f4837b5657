// A redboltd of the test's own on an emulated card, with synthetic firmware, on a socket in a
// temporary folder. Where the run wants served cards (served_card.hpp), the card is in a process of
// its own and the daemon reaches it through a socket.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "served_card.hpp"
#include "temporary_folder.hpp"

namespace redbolt::test {

class DaemonProcess {
 public:
  // Returns when the daemon accepts connections; throws with the daemon's own words if it ends
  // before, or does not within a minute. `device` is what --device takes.
  explicit DaemonProcess(const std::string& device = "emulated",
                         const std::vector<std::string>& more_arguments = {});
  // SIGTERM, and SIGKILL if that takes more than 10 s.
  ~DaemonProcess();
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  std::filesystem::path socket() const { return folder_.path() / "redboltd.sock"; }
  std::filesystem::path firmware() const { return folder_.path() / "firmware"; }
  pid_t pid() const { return pid_; }
  bool is_running() const;
  // What it has printed so far, both streams.
  std::string log() const;
  // Sends SIGTERM and returns the exit code; kills it and returns 137 after 10 s.
  int stop();
  void kill();   // SIGKILL
  void start();  // again, on the same socket and card

 private:
  TemporaryFolder folder_;
  CardForTest card_;
  std::vector<std::string> arguments_;
  pid_t pid_ = -1;
};

// Writes synthetic images of a Navi31 into the folder.
void write_firmware(const std::filesystem::path& folder);

}  // namespace redbolt::test
