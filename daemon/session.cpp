#include "session.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "daemon_error.hpp"
#include "handler_table.hpp"
#include "redbolt/protocol/socket_io.hpp"
#include "request_log.hpp"

namespace redbolt::daemon {
namespace {

namespace asio = boost::asio;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

// A client waits for each answer, or sends a few requests ahead; more than this is no client.
constexpr std::size_t max_requests_ahead = 16;

// For a client that does not read: the latest are as good.
constexpr std::size_t max_events_waiting = 4;

// The connection is over; there is nobody to tell.
struct ConnectionOver {};

protocol::Error protocol_error(const std::string& problem) {
  return make_error(protocol::ERROR_CODE_PROTOCOL, problem + "; the connection is closed");
}

}  // namespace

Session::Session(const asio::any_io_executor& executor, FileDescriptor socket, PeerCredentials peer,
                 SessionServices& services)
    : socket_(executor, socket.release()), peer_(peer), services_(services), wake_(executor) {}

asio::awaitable<void> Session::run() {
  const auto self = shared_from_this();
  asio::co_spawn(socket_.get_executor(), read(self), asio::detached);
  try {
    co_await converse();
  } catch (const ConnectionOver&) {
    // The usual end.
  } catch (const std::exception& error) {
    // This connection's end, and nobody else's.
    services_.log.warning(LogPart::service, user_name() + ": " + error.what());
  }
  close();
  end_lease();
}

void Session::close() {
  closed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  wake();
}

void Session::wake() {
  wake_.cancel();
}

// Events that came while something else was awaited have waked nobody.
asio::awaitable<void> Session::wait_until(Clock::time_point deadline) {
  if (events_.empty()) {
    wake_.expires_at(deadline);
    co_await wake_.async_wait(as_tuple);
  }
  co_await send_events();
}

void Session::post_event(protocol::Event event) {
  if (events_.size() >= max_events_waiting) events_.pop_front();
  events_.push_back(std::move(event));
  wake();
}

asio::awaitable<void> Session::send_events() {
  while (!events_.empty() && !over()) {
    protocol::ServerMessage message;
    *message.mutable_event() = std::move(events_.front());
    events_.pop_front();
    co_await send(message, {});
  }
}

// --- reading -----------------------------------------------------------------------------------

asio::awaitable<void> Session::read(std::shared_ptr<Session> self) {
  std::array<std::byte, 65536> chunk;
  try {
    while (!over()) {
      const auto [error] =
          co_await socket_.async_wait(asio::posix::stream_descriptor::wait_read, as_tuple);
      if (error || over()) break;
      std::vector<FileDescriptor> descriptors;
      const auto result = protocol::receive_some(socket_.native_handle(), chunk, descriptors);
      if (!descriptors.empty()) {
        throw protocol::ProtocolError(protocol::ProtocolErrorCode::unexpected_descriptors,
                                      "a file descriptor came, and no request has one");
      }
      if (result.status == protocol::IoStatus::closed) break;
      if (result.status == protocol::IoStatus::progress)
        take_bytes(std::span(chunk).first(result.bytes));
    }
    if (!broken_) close();
  } catch (const std::exception& error) {
    broken_ = protocol_error(error.what());
  }
  self->wake();
}

void Session::take_bytes(std::span<const std::byte> bytes) {
  decoder_.append(bytes);
  while (auto payload = decoder_.next()) {
    if (requests_.size() >= max_requests_ahead) {
      throw protocol::ProtocolError(
          protocol::ProtocolErrorCode::message_too_large,
          "more than " + std::to_string(max_requests_ahead) + " requests wait for an answer");
    }
    requests_.push_back(std::move(*payload));
  }
  wake();
}

// --- answering ---------------------------------------------------------------------------------

asio::awaitable<protocol::Request> Session::next_request(Clock::time_point deadline) {
  for (;;) {
    if (closed_) throw ConnectionOver();
    if (!requests_.empty()) break;
    if (broken_) throw DaemonError(*broken_);
    if (Clock::now() >= deadline) throw DaemonError(protocol_error("no handshake came in time"));
    co_await wait_until(deadline);
  }
  const std::vector<std::byte> payload = std::move(requests_.front());
  requests_.pop_front();
  protocol::Request request;
  try {
    protocol::decode_message(payload, request);
  } catch (const protocol::ProtocolError& error) {
    throw DaemonError(protocol_error(error.what()));
  }
  co_return request;
}

asio::awaitable<void> Session::converse() {
  std::optional<protocol::Error> farewell;
  try {
    auto deadline = Clock::now() + services_.handshake_timeout;
    bool greeted = false;
    for (;;) {
      const protocol::Request request = co_await next_request(deadline);
      if (request.has_hello() == greeted) {
        throw DaemonError(protocol_error(greeted ? "a second handshake"
                                                 : "the first request is not a handshake"));
      }
      Outgoing outgoing = co_await answer(request);
      const bool refused = outgoing.reply.has_error();
      co_await send_reply(request.id(), std::move(outgoing));
      if (!greeted && refused) co_return;
      greeted = true;
      deadline = Clock::time_point::max();
    }
  } catch (const DaemonError& error) {
    farewell = error.error();
  }
  Outgoing last;
  *last.reply.mutable_error() = std::move(*farewell);
  co_await send_reply(0, std::move(last));
}

asio::awaitable<Session::Outgoing> Session::answer(const protocol::Request& request) {
  ++services_.requests;
  Outgoing outgoing;
  std::exception_ptr failure;
  try {
    const Handler* handler = find_handler(request.body_case());
    if (handler == nullptr) {
      throw DaemonError(protocol::ERROR_CODE_UNSUPPORTED,
                        "this redboltd does not know the request");
    }
    if (handler->needs_lease) workspace();
    outgoing = co_await (this->*handler->function)(request);
  } catch (const ConnectionOver&) {
    throw;
  } catch (...) {
    failure = std::current_exception();
  }
  if (over() && !broken_) throw ConnectionOver();
  if (failure) {
    auto& error = *outgoing.reply.mutable_error();
    error = describe(failure);
    log_refusal(services_.log, user_name(), request, error);
  } else {
    log_request(services_.log, user_name(), request);
  }
  co_return outgoing;
}

asio::awaitable<void> Session::send_reply(std::uint64_t id, Outgoing outgoing) {
  protocol::ServerMessage message;
  auto& reply = *message.mutable_reply();
  reply = std::move(outgoing.reply);
  reply.set_id(id);
  reply.set_descriptors(static_cast<std::uint32_t>(outgoing.descriptors.size()));
  co_await send_events();
  co_await send(message, outgoing.descriptors);
}

asio::awaitable<void> Session::send(const protocol::ServerMessage& message,
                                    std::span<const FileDescriptor> descriptors) {
  const auto frame = protocol::encode_frame(message);
  std::vector<int> numbers;
  for (const FileDescriptor& descriptor : descriptors) numbers.push_back(descriptor.get());
  std::span<const std::byte> rest(frame);
  while (!rest.empty()) {
    if (closed_) throw ConnectionOver();
    const auto result = protocol::send_some(socket_.native_handle(), rest, numbers);
    if (result.status == protocol::IoStatus::closed) throw ConnectionOver();
    if (result.status == protocol::IoStatus::would_block) {
      co_await wait_until_writable();
      continue;
    }
    rest = rest.subspan(result.bytes);
    numbers.clear();  // they went with the first byte
  }
}

// A client that never reads must not keep the card: its connection is closed in the end.
asio::awaitable<void> Session::wait_until_writable() {
  asio::steady_timer patience(socket_.get_executor(), services_.send_timeout);
  patience.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    if (const auto session = weak.lock()) session->close();
  });
  co_await socket_.async_wait(asio::posix::stream_descriptor::wait_write, as_tuple);
}

// --- the lease and its work --------------------------------------------------------------------

std::function<void(FenceId, const protocol::Error*)> Session::completion_handler() {
  return [weak = weak_from_this(), executor = socket_.get_executor()](
             FenceId fence, const protocol::Error* error) {
    auto copy = error == nullptr ? std::optional<protocol::Error>() : *error;
    asio::post(executor, [weak, fence, copy = std::move(copy)] {
      if (const auto session = weak.lock()) session->completed(fence, copy);
    });
  };
}

void Session::completed(FenceId fence, std::optional<protocol::Error> error) {
  if (error && revoked_) {
    error = make_error(protocol::ERROR_CODE_NO_LEASE, "the lease has ended: " + lease_end_);
  }
  fences_.completed(fence, error ? &*error : nullptr);
  // A refused submission concerns nobody else; everything worse took the card with it.
  if (error && error->code() != protocol::ERROR_CODE_INVALID_ARGUMENT && lease_) {
    lease_end_ = error->message();
    services_.log.warning(LogPart::device, user_name() + ": " + lease_end_);
    end_lease();
  }
  wake();
}

void Session::revoke(const std::string& why) {
  if (!lease_) return;
  lease_end_ = why;
  revoked_ = true;
  services_.log.info(LogPart::lease, user_name() + ": " + why);
  end_lease();
  wake();
}

void Session::lose_card(const protocol::Error& error) {
  if (!lease_ && !claim_) return;
  lost_ = error;
  if (lease_) lease_end_ = error.message();
  end_lease();
  wake();
}

void Session::end_lease() {
  if (!lease_) return;
  published_ = {};
  services_.retire(*lease_, std::move(workspace_), [weak = weak_from_this()] {
    if (const auto session = weak.lock()) session->wake();
  });
  lease_.reset();
}

}  // namespace redbolt::daemon
