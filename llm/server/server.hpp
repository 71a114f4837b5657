// The HTTP server: listener → access → routes → handlers. It answers for models that others load.
//
// Threads: run() is the server's thread, on which all connections live; two workers prepare prompts
// and ask for the card's state; engines bring tokens on threads of their own. stop() may be called
// from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "server/http/access.hpp"
#include "server/http/limits.hpp"
#include "server/models/served_model.hpp"
#include "server/service.hpp"

namespace redbolt::llm::server {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 11435;  // 0: any that is free
  AccessRules access = {};
  Limits limits = {};
  std::string version = {};
  std::function<std::optional<CardReading>()> read_card = {};
  std::function<WebPage()> page = {};
  std::function<void(const std::string&)> log = {};  // a line per request, on the server's thread
};

class Server {
 public:
  // Listens from now on; who connects is answered when run() is called. Throws LlmError.
  Server(ServerOptions options, ServedModels models);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  std::uint16_t port() const;

  // Until stop(). Once.
  void run();
  // What is under way gets a moment (Limits::stop_time) to end, and is told when it does not.
  void stop();

  // Connections that are open; from any thread.
  std::size_t connections() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace redbolt::llm::server
