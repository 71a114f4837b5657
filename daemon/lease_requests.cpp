// The requests about leases that are another's: asking for one, taking one away, resetting the
// card; and what a holder shows to others.
#include <algorithm>
#include <boost/asio/use_awaitable.hpp>

#include "daemon_error.hpp"
#include "printable.hpp"
#include "reports.hpp"
#include "session.hpp"

namespace redbolt::daemon {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t max_reason = 255;
constexpr int max_gauges = 16;
constexpr std::size_t max_gauge_name = 64;
constexpr std::size_t max_gauge_text = 128;

// How often a lease on its way out is looked at.
constexpr std::chrono::milliseconds end_check_interval{5};

protocol::Gauge checked_gauge(const protocol::Gauge& gauge) {
  if (gauge.name().empty() || gauge.name().size() > max_gauge_name ||
      gauge.text().size() > max_gauge_text) {
    throw invalid_argument("a gauge has a name of 1 to " + std::to_string(max_gauge_name) +
                           " bytes and a text of at most " + std::to_string(max_gauge_text));
  }
  protocol::Gauge checked;
  checked.set_name(printable(gauge.name()));
  checked.set_value(gauge.value());
  checked.set_text(printable(gauge.text()));
  return checked;
}

}  // namespace

std::string Session::signature(const std::string& reason) const {
  return reason.empty() ? user_name() : user_name() + ": " + printable(reason, max_reason);
}

LeaseReport Session::require_holder(LeaseId lease) const {
  const auto holder = services_.leases.holder();
  if (!holder) throw not_found("nobody holds the card");
  if (lease.value() != 0 && holder->lease != lease) {
    throw not_found("the lease " + std::to_string(lease.value()) +
                    " does not hold the card (any more)");
  }
  return *holder;
}

asio::awaitable<Session::Outgoing> Session::ask_release(const protocol::Request& request) {
  const auto& body = request.ask_release();
  const LeaseReport holder = require_holder(LeaseId(body.lease()));
  if (const auto session = services_.find_session(holder.lease)) {
    protocol::Event event;
    auto& asked = *event.mutable_release_requested();
    asked.set_pid(peer_.pid);
    asked.set_uid(peer_.uid);
    asked.set_command(command_);
    asked.set_reason(printable(body.reason(), max_reason));
    session->post_event(std::move(event));
    services_.leases.set_release_requested(holder.lease);
  }
  Outgoing outgoing;
  *outgoing.reply.mutable_ask_release()->mutable_holder() = lease_holder(holder);
  co_return outgoing;
}

// Returns when the lease has ended and its memory is free.
asio::awaitable<void> Session::take_away(LeaseId lease, bool force, const std::string& reason) {
  const LeaseReport holder = require_holder(lease);
  // Today only one user can connect at all; the check is on what is done, not on who gets in.
  if (holder.claimant.uid != peer_.uid) {
    throw DaemonError(protocol::ERROR_CODE_PERMISSION_DENIED,
                      "the lease belongs to uid " + std::to_string(holder.claimant.uid) +
                          "; only that user can end it");
  }
  auto session = services_.find_session(lease);
  if (session && !force) {
    const Workspace* workspace = session->leased_workspace();
    if (workspace == nullptr) throw busy_error(services_.leases);
    const bool idle =
        co_await services_.device.run([workspace](Device&) { return workspace->idle(); });
    if (!idle) {
      throw DaemonError(protocol::ERROR_CODE_BUSY,
                        "the holder has work on the card, which only force ends");
    }
  }
  // A session that is just being given the card can be sent away once it has it.
  while (services_.leases.holds(lease) && !over()) {
    session = services_.find_session(lease);
    if (session) session->revoke("it was revoked by " + signature(reason));
    co_await wait_until(Clock::now() + end_check_interval);
  }
}

asio::awaitable<Session::Outgoing> Session::revoke_lease(const protocol::Request& request) {
  const auto& body = request.revoke_lease();
  if (body.lease() == 0) throw invalid_argument("which lease? The status names it");
  co_await take_away(LeaseId(body.lease()), body.force(), body.reason());
  Outgoing outgoing;
  outgoing.reply.mutable_done();
  co_return outgoing;
}

asio::awaitable<Session::Outgoing> Session::reset_card(const protocol::Request& request) {
  const auto& body = request.reset_card();
  const auto holder = services_.leases.holder();
  if (holder && !body.force()) throw busy_error(services_.leases);
  // For as long as it takes, this session is the holder: nobody comes in between.
  const LeaseId claim =
      services_.leases.enqueue_next({peer_.pid, peer_.uid, command_}, [weak = weak_from_this()] {
        if (const auto session = weak.lock()) session->wake();
      });
  std::exception_ptr failure;
  Outgoing outgoing;
  try {
    if (holder) co_await take_away(holder->lease, true, body.reason());
    while (!services_.leases.holds(claim) && !over()) co_await wait_until(Clock::time_point::max());
    if (!services_.leases.holds(claim)) throw busy_error(services_.leases);  // nobody waits for it
    services_.log.info(LogPart::device, "the card is reset for " + signature(body.reason()));
    auto reset =
        [error = make_error(protocol::ERROR_CODE_DEVICE_LOST,
                            "the card was reset by " + signature(body.reason()))](Device& device) {
          device.reset(error);
          return boot_report(device.boot_report());
        };
    *outgoing.reply.mutable_reset_card()->mutable_boot() =
        co_await services_.device.run(std::move(reset));
  } catch (...) {
    failure = std::current_exception();
  }
  services_.leases.release(claim);
  if (failure) std::rethrow_exception(failure);
  co_return outgoing;
}

asio::awaitable<Session::Outgoing> Session::publish(const protocol::Request& request) {
  const auto& gauges = request.publish().gauges();
  if (gauges.size() > max_gauges) {
    throw limit_exceeded("more than " + std::to_string(max_gauges) + " gauges");
  }
  PublishedGauges published;
  published.since = Clock::now();
  for (const protocol::Gauge& gauge : gauges) published.gauges.push_back(checked_gauge(gauge));
  published_ = std::move(published);
  Outgoing outgoing;
  outgoing.reply.mutable_done();
  co_return outgoing;
}

}  // namespace redbolt::daemon
