#include "server.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "daemon_error.hpp"
#include "redbolt/protocol/frame.hpp"
#include "redbolt/protocol/socket_io.hpp"

namespace redbolt::daemon {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

// A connection that is not let in is told why, if it fits into the socket's buffer, and closed.
void refuse(const FileDescriptor& socket, protocol::ErrorCode code, const std::string& why) {
  protocol::ServerMessage message;
  *message.mutable_reply()->mutable_error() = make_error(code, why);
  protocol::send_some(socket.get(), protocol::encode_frame(message), {});
}

// On the device thread: what is left of a client's work ends, then its memory is free. Says how the
// card was recovered, if it had to be.
std::optional<driver::Recovery> end_of_work(Device& device, std::unique_ptr<Workspace>& workspace,
                                            bool again) {
  if (!workspace->idle()) {
    device.fail(make_error(protocol::ERROR_CODE_DEVICE_HANG,
                           "the work of a client whose lease had ended did not end"));
  }
  const bool failed = device.failure().has_value();
  device.stop_work();  // before memory that it uses goes away
  workspace.reset();
  if (again) device.recover();
  return failed && !device.failure() ? device.last_recovery() : std::nullopt;
}

std::string describe(const driver::Recovery& recovery) {
  char text[160];
  std::snprintf(text, sizeof text, "the card works again after a reset of its %s, in %.3f s%s",
                recovery.rung == driver::RecoveryRung::card     ? "whole"
                : recovery.rung == driver::RecoveryRung::engine ? "engines"
                                                                : "queues",
                recovery.seconds, recovery.memory_kept() ? "; video memory was kept" : "");
  return text;
}

FileDescriptor accept_one(int listener) {
  FileDescriptor socket(::accept(listener, nullptr, nullptr));
  if (!socket.valid()) return socket;
  ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
  ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
#ifdef SO_NOSIGPIPE
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
  return socket;
}

}  // namespace

Server::Server(const asio::any_io_executor& executor, SocketFile& socket, DeviceThread& device,
               ServerOptions options)
    : executor_(executor),
      socket_(socket),
      device_(device),
      options_(std::move(options)),
      services_{device_,
                leases_,
                options_.limits,
                options_.handshake_timeout,
                options_.daemon_version,
                Clock::now(),
                options_.log,
                [this](LeaseId lease, std::unique_ptr<Workspace> workspace,
                       std::function<void()> on_done) {
                  retire(lease, std::move(workspace), std::move(on_done));
                },
                [this](LeaseId lease) { return find_session(lease); }},
      listener_(executor, ::fcntl(socket.descriptor(), F_DUPFD_CLOEXEC, 0)),
      next_heartbeat_(executor) {
  services_.send_timeout = options_.send_timeout;
}

Server::~Server() = default;

asio::awaitable<void> Server::pause(std::chrono::milliseconds duration) {
  asio::steady_timer timer(executor_, duration);
  co_await timer.async_wait(as_tuple);
}

asio::awaitable<void> Server::serve() {
  serving_ = true;
  watching_ = true;
  asio::co_spawn(executor_, watch_card(), asio::detached);
  while (!stopping_) {
    const auto [error] =
        co_await listener_.async_wait(asio::posix::stream_descriptor::wait_read, as_tuple);
    if (stopping_) break;
    errno = 0;
    if (!error) accept_all();
    // Out of descriptors or memory: the connection stays in the backlog, so do not come back at
    // once.
    if (error || errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
      co_await pause(50ms);
  }
  serving_ = false;
}

void Server::accept_all() {
  for (;;) {
    FileDescriptor socket = accept_one(socket_.descriptor());
    if (!socket.valid()) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;  // none left, or an error that serve() looks at
    }
    admit(std::move(socket));
  }
}

void Server::admit(FileDescriptor socket) try {
  const auto peer = options_.peer(socket.get());
  if (!peer || !options_.admits(*peer)) {
    options_.log.warning(LogPart::service, "refused a connection of uid " +
                                               (peer ? std::to_string(peer->uid) : "unknown"));
    refuse(socket, protocol::ERROR_CODE_PERMISSION_DENIED, "this redboltd serves another user");
    return;
  }
  if (sessions_.size() >= options_.max_sessions) {
    refuse(socket, protocol::ERROR_CODE_LIMIT_EXCEEDED,
           "more than " + std::to_string(options_.max_sessions) + " connections");
    return;
  }
  auto session = std::make_shared<Session>(executor_, std::move(socket), *peer, services_);
  sessions_.insert(session);
  asio::co_spawn(executor_, converse(std::move(session)), asio::detached);
} catch (const std::exception& error) {
  options_.log.warning(LogPart::service, std::string("a connection failed: ") + error.what());
}

asio::awaitable<void> Server::converse(std::shared_ptr<Session> session) {
  co_await session->run();
  sessions_.erase(session);
}

std::shared_ptr<Session> Server::find_session(LeaseId lease) const {
  const auto found =
      std::find_if(sessions_.begin(), sessions_.end(),
                   [&](const std::shared_ptr<Session>& s) { return s->has_lease(lease); });
  return found == sessions_.end() ? nullptr : *found;
}

void Server::retire(LeaseId lease, std::unique_ptr<Workspace> workspace,
                    std::function<void()> on_done) {
  ++clearing_up_;
  asio::co_spawn(executor_, clear_up(lease, std::move(workspace), std::move(on_done)),
                 asio::detached);
}

std::chrono::milliseconds Server::patience() const {
  return stopping_ ? std::min<std::chrono::milliseconds>(options_.abandon_after, 500ms)
                   : options_.abandon_after;
}

asio::awaitable<void> Server::clear_up(LeaseId lease, std::unique_ptr<Workspace> workspace,
                                       std::function<void()> on_done) {
  std::string problem;
  try {
    const auto start = Clock::now();
    auto interval = 1ms;
    Workspace* mine = workspace.get();
    while (!co_await device_.run([mine](Device&) { return mine->idle(); })) {
      if (Clock::now() - start > patience()) break;
      co_await pause(interval);
      interval = std::min(interval * 2, 16ms);
    }
    const bool again = !stopping_;
    const auto recovery = co_await device_.run(
        [&workspace, again](Device& device) { return end_of_work(device, workspace, again); });
    if (recovery) options_.log.info(LogPart::device, describe(*recovery));
  } catch (const std::exception& error) {
    problem = error.what();
  }
  if (!problem.empty()) options_.log.error(LogPart::device, problem);
  if (workspace) {
    // Something failed on the way; it still belongs to the device thread.
    try {
      co_await device_.run([&workspace](Device&) { workspace.reset(); });
    } catch (const std::exception& error) {
      options_.log.error(LogPart::device, error.what());
    }
  }
  leases_.release(lease);
  --clearing_up_;
  on_done();
}

asio::awaitable<void> Server::stop() {
  stopping_ = true;
  boost::system::error_code ignored;
  listener_.close(ignored);
  socket_.close();
  next_heartbeat_.cancel();
  for (const auto& session : std::set<std::shared_ptr<Session>>(sessions_)) session->close();
  while (serving_ || watching_ || !sessions_.empty() || clearing_up_ != 0) co_await pause(2ms);
}

}  // namespace redbolt::daemon
