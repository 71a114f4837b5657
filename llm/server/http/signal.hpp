// What a connection's coroutine waits on: something has happened, or a point in time has come.
// All but Waker::wake() on the server's thread.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>

namespace redbolt::llm::server {

using Clock = std::chrono::steady_clock;

// One coroutine waits at a time. A notification without one waiting is kept for the next.
class Signal {
 public:
  explicit Signal(boost::asio::io_context& context) : timer_(context) {}

  void notify() {
    notified_ = true;
    timer_.cancel();
  }

  // True when notified, false when the time has come first.
  boost::asio::awaitable<bool> wait_until(Clock::time_point deadline) {
    if (!notified_) {
      timer_.expires_at(deadline);
      boost::system::error_code ignored;
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    const bool was = notified_;
    notified_ = false;
    co_return was;
  }

 private:
  boost::asio::steady_timer timer_;
  bool notified_ = false;
};

// Notifies a signal from any thread. The server's io_context must be alive.
class Waker : public std::enable_shared_from_this<Waker> {
 public:
  Waker(boost::asio::io_context& context, std::shared_ptr<Signal> signal)
      : context_(context), signal_(std::move(signal)) {}

  void wake() {
    if (pending_.exchange(true)) return;
    boost::asio::post(context_, [self = shared_from_this()] {
      self->pending_ = false;
      self->signal_->notify();
    });
  }

 private:
  boost::asio::io_context& context_;
  std::shared_ptr<Signal> signal_;  // touched on the server's thread
  std::atomic<bool> pending_{false};
};

}  // namespace redbolt::llm::server
