// The socket that clients connect to, and the connections that came of it.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>

#include "server/http/connection.hpp"

namespace redbolt::llm::server {

class Listener {
 public:
  // Listens at once. Port 0: any that is free. Throws LlmError{bad_argument} for a host that is not
  // an address of this machine, LlmError{io} for a port that is taken, with who has it.
  Listener(std::shared_ptr<ConnectionShared> shared, const std::string& host, std::uint16_t port);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const { return port_; }
  // That are open; from any thread.
  std::size_t connections() const { return open_; }

  // Accepts until stop(). On the server's thread, as stop() is.
  void start();
  // No more clients; those here get Limits::stop_time to be answered.
  void stop();

 private:
  boost::asio::awaitable<void> accept();
  void welcome(boost::asio::ip::tcp::socket socket);
  void farewell(const std::shared_ptr<Connection>& connection);
  void dismiss_all();
  void abort_all();

  std::shared_ptr<ConnectionShared> shared_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer grace_;
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  std::atomic<std::size_t> open_{0};
  std::uint16_t port_ = 0;
};

}  // namespace redbolt::llm::server
