// The server's eye on the card while no work is on it: a pulled cable is noticed within a
// heartbeat, every client is told, and the card is booted when it is back.
//
// Work on the card has an eye of its own (submission_queue.cpp).
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server.hpp"

namespace redbolt::daemon {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

// Between attempts to boot a card that was lost: quick for a cable that slipped, and no burden when
// it stays away.
constexpr std::chrono::milliseconds first_retry = 250ms;
constexpr std::chrono::milliseconds longest_retry = 2s;

bool is_lost(const std::optional<protocol::Error>& failure) {
  return failure && failure->code() == protocol::ERROR_CODE_DEVICE_LOST;
}

}  // namespace

asio::awaitable<void> Server::watch_card() {
  bool lost = false;
  auto interval = options_.heartbeat;
  auto retry = first_retry;
  while (!stopping_) {
    next_heartbeat_.expires_after(interval);
    co_await next_heartbeat_.async_wait(as_tuple);
    if (stopping_) break;
    auto failure = co_await device_.run([](Device& device) { return device.check_presence(); });
    interval = options_.heartbeat;
    if (is_lost(failure)) {
      if (!lost) options_.log.warning(LogPart::device, failure->message());
      retry = lost ? std::min(retry * 2, longest_retry) : first_retry;
      interval = retry;
      lose_card(*failure);
      if (clearing_up_ == 0 && !stopping_) {
        failure = co_await device_.run([](Device& device) {
          device.recover_if_unused();
          return device.failure();
        });
      }
    }
    if (lost && !failure) options_.log.info(LogPart::device, "the card is back");
    lost = is_lost(failure);
  }
  watching_ = false;
}

void Server::lose_card(const protocol::Error& error) {
  for (const auto& session : std::set<std::shared_ptr<Session>>(sessions_))
    session->lose_card(error);
}

}  // namespace redbolt::daemon
