// One request being answered, as a handler sees it: the way back to the client.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <string_view>

#include "server/http/message.hpp"
#include "server/http/signal.hpp"

namespace redbolt::llm::server {

// The client has hung up, reads too slowly, or the server stops: nobody is there to be answered.
class ClientGone : public std::exception {
 public:
  const char* what() const noexcept override { return "the client is gone"; }
};

class Exchange {
 public:
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  // The whole answer. Throws ClientGone, as all below do.
  virtual boost::asio::awaitable<void> respond(HttpResponse response) = 0;

  // Or an answer in pieces: the head, any number of pieces, the end. A piece is on its way when
  // write returns; a client that does not take it makes the handler wait.
  virtual boost::asio::awaitable<void> begin(HttpResponse head) = 0;
  virtual boost::asio::awaitable<void> write(std::string_view piece) = 0;
  virtual boost::asio::awaitable<void> end() = 0;
  // Whether begin or respond has been called.
  virtual bool begun() const = 0;

  // Until waker() has been called since the last wait (true; there may be false alarms), or the
  // time has come (false). Notices a client that hangs up at once. Throws ApiError when the server
  // stops and the answer has to end.
  virtual boost::asio::awaitable<bool> wait_until(Clock::time_point deadline) = 0;
  virtual std::shared_ptr<Waker> waker() = 0;

  // A few words for the log's line about this request: "15+9 tokens". Never what was said.
  virtual void remark(std::string words) = 0;
};

using Handler = std::function<boost::asio::awaitable<void>(const HttpRequest&, Exchange&)>;

}  // namespace redbolt::llm::server
