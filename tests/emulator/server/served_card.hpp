// A card of the test's own, served on a Unix socket and on a TCP port of this machine.
#pragma once

#include <optional>

#include "redbolt/emulator/server.hpp"
#include "remote_function.hpp"
#include "temporary_folder.hpp"
#include "test_card.hpp"

namespace redbolt::emulator::test {

class ServedCard {
 public:
  explicit ServedCard(const CardOptions& card_options = small_card(),
                      const ServerOptions& server_options = {})
      : card(card_options) {
    const UnixAddress unix_address{folder_.path() / "card.sock"};
    server.emplace(card, std::vector<ListenAddress>{unix_address, TcpAddress{"127.0.0.1", 0}},
                   server_options);
  }

  std::string unix_address() const { return server->addresses()[0]; }
  std::string tcp_address() const { return server->addresses()[1]; }
  std::string address(const std::string& kind) const {
    return kind == "unix" ? unix_address() : tcp_address();
  }

  std::uint64_t counter(const std::string& name) const {
    const auto all = server->counters();
    const auto found = all.find(name);
    return found == all.end() ? 0 : found->second;
  }
  // What happens after a client has gone happens a moment later.
  bool counter_becomes(const std::string& name, std::uint64_t value) const {
    return eventually([&] { return counter(name) == value; });
  }

 private:
  redbolt::test::TemporaryFolder folder_;

 public:
  Card card;
  std::optional<Server> server;
};

inline std::unique_ptr<RemoteFunction> connect(const std::string& address) {
  return std::make_unique<RemoteFunction>(address);
}

}  // namespace redbolt::emulator::test
