// An emulated card in a process of its own, redbolt-emulator, on a Unix socket in a temporary
// folder, or on a TCP port that the system chose. It outlives daemons; restarting it is what a
// pulled cable looks like over a socket.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "temporary_folder.hpp"

namespace redbolt::test {

class ServedCard {
 public:
  enum class Way { unix_socket, tcp };

  // `options` as after "emulated:". Returns when the server accepts connections; throws with its
  // own words if it ends before, or does not within a minute.
  explicit ServedCard(const std::string& options = "vram=1G", Way way = Way::unix_socket);
  ~ServedCard();
  ServedCard(const ServedCard&) = delete;
  ServedCard& operator=(const ServedCard&) = delete;

  std::filesystem::path socket() const { return folder_.path() / "card.sock"; }
  // For --device.
  std::string spec() const { return "remote:" + address_; }
  pid_t pid() const { return pid_; }
  void kill();   // SIGKILL: card and server are gone
  void start();  // again: a card that was never powered

 private:
  std::string options_;
  TemporaryFolder folder_;
  Way way_;
  std::string address_;  // once it listens
  pid_t pid_ = -1;
};

// Whether this run of the tests reaches emulated cards through a server (REDBOLT_TEST_SERVED=1).
bool served_cards_wanted();

// What to give as --device for an emulated card: `spec` itself ("emulated:vram=1G"), or, where
// served cards are wanted, a server of such a card, which lives as long as the object.
class CardForTest {
 public:
  explicit CardForTest(const std::string& spec);
  const std::string& spec() const { return spec_; }

 private:
  std::unique_ptr<ServedCard> server_;
  std::string spec_;
};

}  // namespace redbolt::test
