// One client's connection: its requests are read, answered one by one, and everything that it owns
// is given back when it ends, however it ends.
//
// Belongs to the thread of the sockets. Two coroutines share it: one reads at all times, so that an
// end of the connection is noticed in the middle of a wait; the other answers.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <redbolt/protocol/messages.pb.h>

#include "client_limits.hpp"
#include "device_thread.hpp"
#include "fence_board.hpp"
#include "lease_queue.hpp"
#include "log.hpp"
#include "peer.hpp"
#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/protocol/frame.hpp"
#include "workspace.hpp"

namespace redbolt::daemon {

class Session;

// What all sessions share. Outlives them.
struct SessionServices {
  DeviceThread& device;
  LeaseQueue& leases;
  ClientLimits limits;
  std::chrono::milliseconds handshake_timeout;
  std::string daemon_version;
  std::chrono::steady_clock::time_point started;
  const Log& log;
  // Frees what a client had once its work has left the card, then passes the lease on. When that is
  // done LeaseQueue::position(lease) is nothing, and on_done is called.
  std::function<void(LeaseId lease, std::unique_ptr<Workspace> workspace,
                     std::function<void()> on_done)>
      retire;
  // The session that holds the lease or is being given it; nullptr if there is none (any more).
  std::function<std::shared_ptr<Session>(LeaseId lease)> find_session;
  std::uint64_t requests = 0;  // that sessions have answered
  // How long a client may leave an answer unread before its connection is closed.
  std::chrono::milliseconds send_timeout{10'000};
};

// What a client shows of its work.
struct PublishedGauges {
  std::vector<protocol::Gauge> gauges;
  std::chrono::steady_clock::time_point since;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  using Clock = std::chrono::steady_clock;

  // socket: connected and non-blocking.
  Session(const boost::asio::any_io_executor& executor, FileDescriptor socket, PeerCredentials peer,
          SessionServices& services);

  // The whole conversation; returns when it is over. Never throws.
  boost::asio::awaitable<void> run();

  // Ends the conversation from this side.
  void close();

  // --- for other sessions ---

  bool has_lease(LeaseId lease) const { return lease_ == lease || claim_ == lease; }
  // nullptr while it does not hold the lease. Alive until a later call on the device thread.
  Workspace* leased_workspace() const { return lease_ ? workspace_.get() : nullptr; }
  const PublishedGauges& published() const { return published_; }
  // Sent as soon as the client can take it.
  void post_event(protocol::Event event);
  // Takes its lease away; `why` is what the client is told.
  void revoke(const std::string& why);
  // The card is gone: its lease ends, its waiting for one too, and the client is told.
  void lose_card(const protocol::Error& error);

 private:
  struct Outgoing {
    protocol::Reply reply;
    std::vector<FileDescriptor> descriptors;
  };
  struct Handler;

  static const Handler* find_handler(protocol::Request::BodyCase body);

  // The conversation (session.cpp).
  boost::asio::awaitable<void> read(std::shared_ptr<Session> self);
  void take_bytes(std::span<const std::byte> bytes);
  boost::asio::awaitable<void> converse();
  boost::asio::awaitable<protocol::Request> next_request(Clock::time_point deadline);
  boost::asio::awaitable<Outgoing> answer(const protocol::Request& request);
  boost::asio::awaitable<void> send(const protocol::ServerMessage& message,
                                    std::span<const FileDescriptor> descriptors);
  boost::asio::awaitable<void> send_events();
  boost::asio::awaitable<void> wait_until_writable();
  boost::asio::awaitable<void> send_reply(std::uint64_t id, Outgoing outgoing);
  // Until something happened (wake()), or the deadline. Sends events that have come.
  boost::asio::awaitable<void> wait_until(Clock::time_point deadline);
  void wake();
  bool over() const { return closed_ || broken_.has_value(); }
  void completed(FenceId fence, std::optional<protocol::Error> error);
  void end_lease();

  // The requests (requests.cpp).
  boost::asio::awaitable<Outgoing> hello(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> acquire_lease(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> release_lease(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> status(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> counters(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> create_buffer(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> create_shared(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> destroy(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> create_module(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> record_graph(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> submit(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> wait(const protocol::Request& request);
  // The same, about leases (lease_requests.cpp).
  boost::asio::awaitable<Outgoing> ask_release(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> revoke_lease(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> reset_card(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> publish(const protocol::Request& request);
  // The same, about resident weights (resident_requests.cpp).
  boost::asio::awaitable<Outgoing> open_resident(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> seal_resident(const protocol::Request& request);
  boost::asio::awaitable<Outgoing> drop_residents(const protocol::Request& request);

  boost::asio::awaitable<void> wait_for_lease(LeaseId claim, Clock::time_point deadline);
  LeaseReport require_holder(LeaseId lease) const;
  boost::asio::awaitable<void> take_away(LeaseId lease, bool force, const std::string& reason);
  std::string user_name() const;
  std::string signature(const std::string& reason) const;
  boost::asio::awaitable<void> tell_place(unsigned position);
  boost::asio::awaitable<void> report_usage();
  boost::asio::awaitable<void> wait_until_idle();
  std::function<void(FenceId, const protocol::Error*)> completion_handler();
  Workspace& workspace();
  template <class Function>
  boost::asio::awaitable<std::invoke_result_t<Function&, Workspace&>> with_workspace(
      Function function);

  boost::asio::posix::stream_descriptor socket_;
  PeerCredentials peer_;
  SessionServices& services_;
  protocol::FrameDecoder decoder_;
  // Read and not yet answered; still as bytes, since a message may grow when it is parsed.
  std::deque<std::vector<std::byte>> requests_;
  boost::asio::steady_timer wake_;
  bool closed_ = false;
  std::optional<protocol::Error> broken_;  // what the client sent that is not the protocol
  std::string command_;                    // set by the handshake
  std::deque<protocol::Event> events_;     // to be sent
  std::optional<LeaseId> claim_;           // being waited for
  std::optional<LeaseId> lease_;           // held
  std::string lease_end_;                  // why it ended before the client gave it back
  bool revoked_ = false;                   // and whether somebody took it
  std::optional<protocol::Error> lost_;    // or the card went, while it was held or waited for
  std::unique_ptr<Workspace> workspace_;   // with the lease; used on the device thread only
  FenceBoard fences_;
  PublishedGauges published_;
};

template <class Function>
boost::asio::awaitable<std::invoke_result_t<Function&, Workspace&>> Session::with_workspace(
    Function function) {
  Workspace* mine = &workspace();  // alive until a later call on the device thread destroys it
  return services_.device.run(
      [mine, function = std::move(function)](Device&) mutable { return function(*mine); });
}

}  // namespace redbolt::daemon
