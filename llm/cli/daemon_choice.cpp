#include "cli/daemon_choice.hpp"

namespace redbolt::llm::cli {

void add_daemon_option(CLI::App& verb, std::filesystem::path& socket) {
  verb.add_option("--socket", socket,
                  "The daemon that listens here; by default the one started at login")
      ->envname("REDBOLT_SOCKET")
      ->type_name("PATH")
      ->group("Card");
}

client::Connection connect_to_daemon(const std::filesystem::path& socket,
                                     const std::string& command) {
  client::ConnectionOptions options;
  if (!socket.empty()) options.socket = socket;
  options.command = command;
  return client::Connection(options);
}

}  // namespace redbolt::llm::cli
