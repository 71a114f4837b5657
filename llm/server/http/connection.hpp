// One client's connection. Two coroutines share it: one reads whatever the client sends into a
// small buffer and thereby notices at once when it hangs up; the other takes requests out of the
// buffer and answers them. All on the server's thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "server/http/exchange.hpp"
#include "server/http/limits.hpp"
#include "server/http/request_reader.hpp"

namespace redbolt::llm::server {

// What all connections of a server share.
struct ConnectionShared {
  explicit ConnectionShared(boost::asio::io_context& io_context) : context(io_context) {}

  boost::asio::io_context& context;
  Limits limits;
  Handler handler;  // throws ApiError to have it written
  // An error in the form of the API that the request was for; `request` may be null.
  std::function<HttpResponse(const HttpRequest*, const class ApiError&)> write_error;
  std::function<void(const HttpRequest*, unsigned status, bool complete)> answered;
  std::function<void(const std::string&)> log;  // a line per request; may be empty
  std::size_t body_bytes = 0;                   // of all bodies being received
  bool stopping = false;
};

class Connection final : public Exchange, public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<ConnectionShared> shared);
  ~Connection() override;

  // Until the client or the server has had enough.
  boost::asio::awaitable<void> serve();
  // No further request is taken; an idle connection ends now.
  void stop();
  // Whoever is being answered is told that the server stops, if that can be said now.
  void dismiss();
  // Whatever is under way ends.
  void abort();

  boost::asio::awaitable<void> respond(HttpResponse response) override;
  boost::asio::awaitable<void> begin(HttpResponse head) override;
  boost::asio::awaitable<void> write(std::string_view piece) override;
  boost::asio::awaitable<void> end() override;
  bool begun() const override { return begun_; }
  boost::asio::awaitable<bool> wait_until(Clock::time_point deadline) override;
  std::shared_ptr<Waker> waker() override { return waker_; }
  void remark(std::string words) override { remark_ = std::move(words); }

 private:
  boost::asio::awaitable<void> pump();
  boost::asio::awaitable<bool> receive(RequestReader& reader);
  boost::asio::awaitable<void> receive_step(RequestReader& reader);
  boost::asio::awaitable<bool> answer_next();
  boost::asio::awaitable<void> handle(const HttpRequest& request);
  boost::asio::awaitable<void> fail(const HttpRequest* request, const ApiError& error);
  boost::asio::awaitable<void> send(std::string bytes);
  boost::asio::awaitable<void> linger();
  void check_present() const;
  void account_body(std::size_t bytes);
  void log_answer(const HttpRequest* request, Clock::time_point since);

  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<ConnectionShared> shared_;
  std::shared_ptr<Signal> signal_;  // for the answering coroutine
  Signal room_;                     // for the reading one
  std::shared_ptr<Waker> waker_;
  std::string input_;           // received, not yet taken
  std::size_t body_bytes_ = 0;  // of shared_->body_bytes
  bool ended_ = false;          // nothing more will be received
  bool discarding_ = false;     // what is received is of no interest any more
  bool dismissed_ = false;
  bool aborted_ = false;
  bool cut_off_ = false;  // aborted while the client was there

  // Of the request being answered.
  bool answering_ = false;
  bool begun_ = false, complete_ = false;
  bool keep_alive_ = true, chunked_ = true, head_only_ = false;
  unsigned status_ = 0;
  std::string remark_;
};

}  // namespace redbolt::llm::server
