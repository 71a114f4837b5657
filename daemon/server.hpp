// The daemon between its socket and its card: accepts clients, keeps their leases in order, and
// clears up after them.
//
// Belongs to the thread of the sockets.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "client_limits.hpp"
#include "device_thread.hpp"
#include "lease_queue.hpp"
#include "log.hpp"
#include "peer.hpp"
#include "session.hpp"
#include "socket_file.hpp"

namespace redbolt::daemon {

struct ServerOptions {
  ClientLimits limits;
  std::string daemon_version = "redboltd";
  std::size_t max_sessions = 64;
  std::chrono::milliseconds handshake_timeout{10'000};
  // How long a client may leave an answer unread.
  std::chrono::milliseconds send_timeout{10'000};
  // How long the work of a client that is gone may still run before the card is reset under it.
  std::chrono::milliseconds abandon_after{2'000};
  // How often an idle card is asked whether it is still there.
  std::chrono::milliseconds heartbeat{1'000};
  // Who is at the other end of a socket.
  std::function<std::optional<PeerCredentials>(int socket)> peer = peer_credentials;
  // Whom it lets in.
  std::function<bool(const PeerCredentials& peer)> admits = is_own_user;
  Log log{LogLevels(LogLevel::off), LogStyle::plain, -1};
};

class Server {
 public:
  // socket and device outlive the server; the device has been booted.
  Server(const boost::asio::any_io_executor& executor, SocketFile& socket, DeviceThread& device,
         ServerOptions options);
  ~Server();

  // Accepts clients until stop().
  boost::asio::awaitable<void> serve();

  // Ends all connections and frees what they had; returns when nothing is left. Work on the card
  // gets half a second to end.
  boost::asio::awaitable<void> stop();

 private:
  using Clock = std::chrono::steady_clock;

  void accept_all();
  void admit(FileDescriptor socket);
  boost::asio::awaitable<void> converse(std::shared_ptr<Session> session);
  std::shared_ptr<Session> find_session(LeaseId lease) const;
  void retire(LeaseId lease, std::unique_ptr<Workspace> workspace, std::function<void()> on_done);
  boost::asio::awaitable<void> clear_up(LeaseId lease, std::unique_ptr<Workspace> workspace,
                                        std::function<void()> on_done);
  // Notices a card that goes while nobody uses it, tells all clients, and boots it when it is back
  // (card_watch.cpp).
  boost::asio::awaitable<void> watch_card();
  void lose_card(const protocol::Error& error);
  boost::asio::awaitable<void> pause(std::chrono::milliseconds duration);
  std::chrono::milliseconds patience() const;

  boost::asio::any_io_executor executor_;
  SocketFile& socket_;
  DeviceThread& device_;
  ServerOptions options_;
  LeaseQueue leases_;
  SessionServices services_;
  boost::asio::posix::stream_descriptor listener_;  // a duplicate of the socket's descriptor
  std::set<std::shared_ptr<Session>> sessions_;
  std::size_t clearing_up_ = 0;
  boost::asio::steady_timer next_heartbeat_;
  bool watching_ = false;
  bool serving_ = false;
  bool stopping_ = false;
};

}  // namespace redbolt::daemon
