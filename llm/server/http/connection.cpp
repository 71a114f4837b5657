#include "server/http/connection.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <optional>

#include "server/api_error.hpp"

namespace redbolt::llm::server {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kReadPiece = 16 * 1024;
constexpr std::size_t kLingerBytes = 1 << 20;
constexpr std::chrono::seconds kLingerTime{1};

// A path as it may stand in a log: no control characters, not too long.
std::string loggable(std::string_view text) {
  std::string clean(text.substr(0, 80));
  for (char& c : clean) {
    if (c < ' ' || c > '~') c = '?';
  }
  return clean;
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, std::shared_ptr<ConnectionShared> shared)
    : socket_(std::move(socket)),
      shared_(std::move(shared)),
      signal_(std::make_shared<Signal>(shared_->context)),
      room_(shared_->context),
      waker_(std::make_shared<Waker>(shared_->context, signal_)) {
  boost::system::error_code ignored;
  // A token's text is not to wait for the next one's.
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Connection::~Connection() {
  account_body(0);
}

void Connection::stop() {
  if (!answering_) abort();
}

void Connection::dismiss() {
  dismissed_ = true;
  signal_->notify();
}

void Connection::abort() {
  cut_off_ = cut_off_ || (!aborted_ && !ended_);
  aborted_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  signal_->notify();
  room_.notify();
}

asio::awaitable<void> Connection::serve() {
  const auto self = shared_from_this();
  asio::co_spawn(
      shared_->context, [self]() -> asio::awaitable<void> { return self->pump(); }, asio::detached);
  try {
    while (co_await answer_next()) {
    }
    co_await linger();
  } catch (const ClientGone&) {
  }
  abort();
}

asio::awaitable<void> Connection::pump() {
  const auto self = shared_from_this();
  std::array<char, kReadPiece> piece;
  std::size_t discarded = 0;
  while (!aborted_) {
    if (!discarding_ && input_.size() > shared_->limits.header_bytes + kReadPiece) {
      co_await room_.wait_until(Clock::time_point::max());
      continue;
    }
    boost::system::error_code error;
    const std::size_t got = co_await socket_.async_read_some(
        asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
    if (discarding_) discarded += got;
    if (error || discarded > kLingerBytes) break;
    if (!discarding_) input_.append(piece.data(), got);
    signal_->notify();
  }
  ended_ = true;
  signal_->notify();
}

void Connection::account_body(std::size_t bytes) {
  shared_->body_bytes = shared_->body_bytes - body_bytes_ + bytes;
  body_bytes_ = bytes;
}

asio::awaitable<void> Connection::receive_step(RequestReader& reader) {
  const std::size_t taken = reader.feed(input_);
  input_.erase(0, taken);
  if (taken > 0) room_.notify();
  if (!reader.header_done()) co_return;
  account_body(reader.body_bytes());
  if (shared_->body_bytes > shared_->limits.bodies_bytes) {
    ApiError error(503, "The server is receiving more than it has room for. Try again.");
    error.retry_after = std::chrono::seconds(1);
    error.close = true;
    throw error;
  }
}

// False when the connection ends before another request has come.
asio::awaitable<bool> Connection::receive(RequestReader& reader) {
  const Limits& limits = shared_->limits;
  auto deadline = Clock::now() + limits.idle_time;
  bool started = false, in_body = false, continued = false;
  for (;;) {
    if (!started && !input_.empty()) {
      started = true;
      deadline = Clock::now() + limits.header_time;
    }
    if (!input_.empty()) co_await receive_step(reader);
    if (reader.done()) co_return true;
    if (!in_body && reader.header_done()) {
      in_body = true;
      deadline = Clock::now() + limits.body_time;
    }
    if (!continued && reader.wants_continue()) {
      continued = true;
      co_await send("HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (ended_ || aborted_ || (shared_->stopping && !started)) co_return false;
    co_await signal_->wait_until(deadline);
    // However often bytes come: the time runs on.
    if (Clock::now() >= deadline) {
      if (!started) co_return false;
      ApiError error(408, "The request did not come in time.");
      error.code = "request_timeout";
      error.close = true;
      throw error;
    }
  }
}

// False when the connection is not to be used for another one.
asio::awaitable<bool> Connection::answer_next() {
  RequestReader reader(shared_->limits);
  begun_ = complete_ = head_only_ = false;
  keep_alive_ = chunked_ = true;
  status_ = 0;
  remark_.clear();
  std::optional<HttpRequest> request;
  std::optional<ApiError> refused;
  auto since = Clock::now();
  try {
    if (!co_await receive(reader)) co_return false;
    since = Clock::now();
    request = reader.take();
    account_body(request->body.size());
  } catch (const ApiError& error) {
    refused = error;
  }
  answering_ = true;
  if (refused) {
    keep_alive_ = false;
    co_await fail(nullptr, *refused);
  } else {
    keep_alive_ = request->keep_alive && !shared_->stopping;
    chunked_ = request->chunks_allowed;
    head_only_ = request->method == "HEAD";
    try {
      co_await handle(*request);
    } catch (const ClientGone&) {
      log_answer(&*request, since);
      throw;
    }
  }
  answering_ = false;
  account_body(0);
  log_answer(request ? &*request : nullptr, since);
  co_return complete_&& keep_alive_ && !shared_->stopping;
}

asio::awaitable<void> Connection::handle(const HttpRequest& request) {
  std::optional<ApiError> failure;
  try {
    co_await shared_->handler(request, *this);
  } catch (const ApiError& error) {
    failure = error;
  } catch (const ClientGone&) {
    throw;
  } catch (const std::exception& error) {
    failure.emplace(500, "The server failed: " + std::string(error.what()));
    failure->type = "server_error";
  }
  // Half an answer cannot be taken back: the connection ends without its end.
  if (failure && !begun_) co_await fail(&request, *failure);
}

asio::awaitable<void> Connection::fail(const HttpRequest* request, const ApiError& error) {
  HttpResponse response = shared_->write_error(request, error);
  response.close = response.close || error.close;
  co_await respond(std::move(response));
}

asio::awaitable<void> Connection::respond(HttpResponse response) {
  begun_ = true;
  status_ = response.status;
  keep_alive_ = keep_alive_ && !response.close;
  std::string bytes = response_head(response, response.body.size(), false, keep_alive_);
  if (!head_only_) bytes += response.body;
  co_await send(std::move(bytes));
  complete_ = true;
}

asio::awaitable<void> Connection::begin(HttpResponse head) {
  begun_ = true;
  status_ = head.status;
  keep_alive_ = keep_alive_ && chunked_;
  co_await send(response_head(head, std::nullopt, chunked_, keep_alive_));
}

asio::awaitable<void> Connection::write(std::string_view piece) {
  if (piece.empty()) co_return;  // an empty chunk would be the last
  // g++ 12 destroys the temporaries of a conditional in a co_await's argument twice.
  std::string bytes = chunked_ ? chunk(piece) : std::string(piece);
  co_await send(std::move(bytes));
}

asio::awaitable<void> Connection::end() {
  if (chunked_) co_await send(std::string(last_chunk));
  complete_ = true;
}

asio::awaitable<void> Connection::send(std::string bytes) {
  if (aborted_) throw ClientGone();
  asio::steady_timer watchdog(shared_->context, shared_->limits.write_time);
  watchdog.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    if (const auto self = weak.lock()) self->abort();
  });
  boost::system::error_code error;
  co_await asio::async_write(socket_, asio::buffer(bytes),
                             asio::redirect_error(asio::use_awaitable, error));
  watchdog.cancel();
  if (error || aborted_) throw ClientGone();
}

void Connection::check_present() const {
  if (ended_ || aborted_) throw ClientGone();
  if (dismissed_) throw server_stopping();
}

asio::awaitable<bool> Connection::wait_until(Clock::time_point deadline) {
  check_present();
  const bool woken = co_await signal_->wait_until(deadline);
  check_present();
  co_return woken;
}

// A connection that is closed with bytes unread is reset, and the client might lose the answer:
// what it still sends is thrown away for a moment.
asio::awaitable<void> Connection::linger() {
  boost::system::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  discarding_ = true;
  input_.clear();
  room_.notify();
  const auto deadline = Clock::now() + kLingerTime;
  while (!ended_ && !aborted_ && Clock::now() < deadline) co_await signal_->wait_until(deadline);
}

void Connection::log_answer(const HttpRequest* request, Clock::time_point since) {
  shared_->answered(request, status_, complete_);
  if (!shared_->log) return;
  const std::chrono::duration<double> took = Clock::now() - since;
  std::array<char, 32> seconds{};
  std::snprintf(seconds.data(), seconds.size(), " %.3f s", took.count());
  std::string line = request ? loggable(request->method) + " " + loggable(request->path) : "-";
  line += " " + (status_ != 0 ? std::to_string(status_) : std::string("-")) + seconds.data();
  if (!remark_.empty()) line += " " + remark_;
  if (!complete_) line += cut_off_ ? " (cut off)" : " (the client hung up)";
  shared_->log(line);
}

}  // namespace redbolt::llm::server
