#include "main/system/watchdog.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace redbolt::daemon {

namespace asio = boost::asio;

asio::awaitable<void> feed_watchdog(ServiceNotifier& notifier, DeviceThread& device,
                                    std::chrono::microseconds interval) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    co_await device.run([](Device&) {});
    notifier.alive();
    timer.expires_after(interval);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

}  // namespace redbolt::daemon
