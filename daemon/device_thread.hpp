// The one thread that touches the card. Others hand it functions and await their results; while
// work is on the card it looks at that by a timer that never spins.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>

#include "device.hpp"

namespace redbolt::daemon {

class DeviceThread {
 public:
  DeviceThread();
  // Ends the device on its thread. The contexts of coroutines that await it must still be there.
  ~DeviceThread();
  DeviceThread(const DeviceThread&) = delete;
  DeviceThread& operator=(const DeviceThread&) = delete;

  // Boots the device. Throws what its constructor throws. To be awaited before any run().
  boost::asio::awaitable<void> boot(BackendFactory factory, DeviceOptions options);

  // Awaits function(device), run on the device thread in the order of the calls; its exception is
  // the caller's. Cannot be cancelled: the function runs even if nobody is interested any more.
  template <class Function>
  boost::asio::awaitable<std::invoke_result_t<Function&, Device&>> run(Function function) {
    // No coroutine itself: g++ 12 destroys a closure that is a temporary of a co_await twice. For
    // the same reason callers name the closures whose captures have destructors.
    return call([this, function = std::move(function)]() mutable { return function(*device_); });
  }

 private:
  template <class Result>
  struct Outcome {
    std::conditional_t<std::is_void_v<Result>, std::monostate, std::optional<Result>> value;
    std::exception_ptr exception;
  };

  template <class Function>
  boost::asio::awaitable<std::invoke_result_t<Function&>> call(Function function) {
    using Result = std::invoke_result_t<Function&>;
    Outcome<Result> outcome;  // in the awaiting coroutine's frame, which stays until it is resumed
    auto start = [this, &outcome, &function](auto handler) {
      auto executor = boost::asio::prefer(boost::asio::get_associated_executor(handler),
                                          boost::asio::execution::outstanding_work.tracked);
      boost::asio::post(
          context_, [this, &outcome, &function, executor, handler = std::move(handler)]() mutable {
            perform(function, outcome);
            boost::asio::post(executor, std::move(handler));
            schedule_poll();
          });
    };
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(
        start, boost::asio::use_awaitable);
    if (outcome.exception) std::rethrow_exception(outcome.exception);
    if constexpr (!std::is_void_v<Result>) co_return std::move(*outcome.value);
  }

  template <class Function, class Result>
  static void perform(Function& function, Outcome<Result>& outcome) {
    try {
      if constexpr (std::is_void_v<Result>) {
        function();
      } else {
        outcome.value.emplace(function());
      }
    } catch (...) {
      outcome.exception = std::current_exception();
    }
  }

  void schedule_poll();

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  // From here on only the device thread.
  boost::asio::steady_timer timer_;
  bool polling_ = false;
  std::unique_ptr<Device> device_;
  std::thread thread_;
};

}  // namespace redbolt::daemon
