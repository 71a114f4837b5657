// The requests of a client, one function each.
#include <algorithm>
#include <boost/asio/use_awaitable.hpp>

#include "daemon_error.hpp"
#include "handler_table.hpp"
#include "printable.hpp"
#include "redbolt/protocol/version.hpp"
#include "reports.hpp"
#include "session.hpp"

namespace redbolt::daemon {
namespace {

namespace asio = boost::asio;

constexpr std::size_t max_command = 120;

// Longer waits are as good as for ever, and stay clear of overflow.
constexpr std::uint64_t longest_wait_milliseconds = std::uint64_t{365} * 24 * 3600 * 1000;

Session::Clock::time_point deadline_after(std::uint64_t milliseconds) {
  return Session::Clock::now() +
         std::chrono::milliseconds(std::min(milliseconds, longest_wait_milliseconds));
}

}  // namespace

const Session::Handler* Session::find_handler(protocol::Request::BodyCase body) {
  static constexpr Handler table[] = {
      {protocol::Request::kHello, false, &Session::hello},
      {protocol::Request::kAcquireLease, false, &Session::acquire_lease},
      {protocol::Request::kReleaseLease, true, &Session::release_lease},
      {protocol::Request::kStatus, false, &Session::status},
      {protocol::Request::kCounters, false, &Session::counters},
      {protocol::Request::kCreateBuffer, true, &Session::create_buffer},
      {protocol::Request::kCreateShared, true, &Session::create_shared},
      {protocol::Request::kDestroy, true, &Session::destroy},
      {protocol::Request::kCreateModule, true, &Session::create_module},
      {protocol::Request::kRecordGraph, true, &Session::record_graph},
      {protocol::Request::kLaunch, true, &Session::submit},
      {protocol::Request::kCopy, true, &Session::submit},
      {protocol::Request::kFill, true, &Session::submit},
      // Without the lease too: a fence may tell why the lease is gone.
      {protocol::Request::kWait, false, &Session::wait},
      {protocol::Request::kAskRelease, false, &Session::ask_release},
      {protocol::Request::kRevokeLease, false, &Session::revoke_lease},
      {protocol::Request::kResetCard, false, &Session::reset_card},
      {protocol::Request::kPublish, true, &Session::publish},
      {protocol::Request::kOpenResident, true, &Session::open_resident},
      {protocol::Request::kSealResident, true, &Session::seal_resident},
      {protocol::Request::kDropResidents, false, &Session::drop_residents},
  };
  const auto row = std::find_if(std::begin(table), std::end(table),
                                [&](const Handler& h) { return h.body == body; });
  return row == std::end(table) ? nullptr : row;
}

Workspace& Session::workspace() {
  if (workspace_) return *workspace_;
  if (lost_) throw DaemonError(*lost_);
  throw DaemonError(protocol::ERROR_CODE_NO_LEASE,
                    lease_end_.empty() ? "the request needs the lease of the card; acquire it first"
                                       : "the lease has ended: " + lease_end_);
}

asio::awaitable<Session::Outgoing> Session::hello(const protocol::Request& request) {
  const auto& hello = request.hello();
  if (hello.version_major() != protocol::version_major) {
    throw DaemonError(protocol::ERROR_CODE_VERSION_MISMATCH,
                      "the client speaks version " + std::to_string(hello.version_major()) +
                          " of the protocol and " + services_.daemon_version + " speaks version " +
                          std::to_string(protocol::version_major) +
                          "; use programs of the same release");
  }
  command_ = hello.command().empty() ? "(unnamed)" : printable(hello.command(), max_command);
  Outgoing outgoing;
  auto& reply = *outgoing.reply.mutable_hello();
  reply.set_version_major(protocol::version_major);
  reply.set_version_minor(protocol::version_minor);
  reply.set_daemon_version(services_.daemon_version);
  *reply.mutable_device() =
      co_await services_.device.run([](Device& device) { return device_info(device); });
  co_return outgoing;
}

asio::awaitable<Session::Outgoing> Session::acquire_lease(const protocol::Request& request) {
  if (lease_) throw invalid_argument("this connection holds the lease already");
  const auto start = Clock::now();
  const LeaseId claim =
      services_.leases.enqueue({peer_.pid, peer_.uid, command_}, [weak = weak_from_this()] {
        if (const auto session = weak.lock()) session->wake();
      });
  claim_ = claim;
  lost_.reset();
  std::exception_ptr failure;
  try {
    co_await wait_for_lease(claim, deadline_after(request.acquire_lease().timeout_milliseconds()));
    auto make_workspace = [limits = services_.limits,
                           on_complete = completion_handler()](Device& device) {
      device.recover();
      return std::make_unique<Workspace>(device, limits, on_complete);
    };
    workspace_ = co_await services_.device.run(std::move(make_workspace));
  } catch (...) {
    failure = std::current_exception();
  }
  claim_.reset();
  if (failure) {
    services_.leases.release(claim);
    std::rethrow_exception(failure);
  }
  lease_ = claim;
  lease_end_.clear();
  revoked_ = false;
  Outgoing outgoing;
  auto& reply = *outgoing.reply.mutable_acquire_lease();
  reply.set_lease(claim.value());
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  reply.set_waited_milliseconds(static_cast<std::uint64_t>(waited.count()));
  co_return outgoing;
}

asio::awaitable<void> Session::wait_for_lease(LeaseId claim, Clock::time_point deadline) {
  std::optional<unsigned> told;
  while (!services_.leases.holds(claim)) {
    if (lost_) throw DaemonError(*lost_);
    if (over() || Clock::now() >= deadline) throw busy_error(services_.leases);
    const auto position = services_.leases.position(claim);
    if (position != told) {
      told = position;
      co_await tell_place(*position);
      continue;  // things may have changed while it was sent
    }
    co_await wait_until(deadline);
  }
}

asio::awaitable<void> Session::tell_place(unsigned position) {
  protocol::ServerMessage message;
  auto& waiting = *message.mutable_event()->mutable_waiting();
  waiting.set_position(position);
  if (const auto holder = services_.leases.holder())
    *waiting.mutable_holder() = lease_holder(*holder);
  co_await send(message, {});
}

asio::awaitable<Session::Outgoing> Session::release_lease(const protocol::Request&) {
  const LeaseId lease = *lease_;
  end_lease();
  lease_end_.clear();
  // Whoever asks for it after the answer finds it free.
  while (services_.leases.position(lease) && !over()) co_await wait_until(Clock::time_point::max());
  Outgoing outgoing;
  outgoing.reply.mutable_done();
  co_return outgoing;
}

namespace {

void add_gauges(const PublishedGauges& published, protocol::StatusReply& status) {
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(Session::Clock::now() -
                                                                         published.since);
  for (const protocol::Gauge& gauge : published.gauges) {
    auto& added = *status.add_gauges();
    added = gauge;
    added.set_age_milliseconds(static_cast<std::uint64_t>(age.count()));
  }
}

}  // namespace

asio::awaitable<Session::Outgoing> Session::status(const protocol::Request& request) {
  const bool with_metrics = request.status().metrics();
  const bool with_map = request.status().arena_map();
  const auto holder = services_.leases.holder();
  const auto session = holder ? services_.find_session(holder->lease) : nullptr;
  const Workspace* workspace = session ? session->leased_workspace() : nullptr;
  auto look = [=](Device& device) {
    protocol::StatusReply reply;
    *reply.mutable_boot() = boot_report(device.boot_report());
    *reply.mutable_arena() = arena_status(device);
    reply.set_state(device.failure() ? device.failure()->message() : "ready");
    reply.set_card_lost(device.failure() &&
                        device.failure()->code() == protocol::ERROR_CODE_DEVICE_LOST);
    if (with_metrics && !device.failure())
      *reply.mutable_metrics() = metrics(device.backend().metrics());
    if (with_map) *reply.mutable_arena_map() = arena_map(device, workspace);
    add_residents(device, reply);
    return reply;
  };
  auto status = co_await services_.device.run(std::move(look));
  if (const auto now = services_.leases.holder()) *status.mutable_holder() = lease_holder(*now);
  if (session) add_gauges(session->published(), status);
  for (const LeaseReport& waiting : services_.leases.waiting())
    *status.add_waiting() = lease_holder(waiting);
  status.set_uptime_seconds(
      std::chrono::duration<double>(Clock::now() - services_.started).count());
  Outgoing outgoing;
  *outgoing.reply.mutable_status() = std::move(status);
  co_return outgoing;
}

asio::awaitable<Session::Outgoing> Session::counters(const protocol::Request&) {
  Outgoing outgoing;
  auto& reply = *outgoing.reply.mutable_counters();
  reply = co_await services_.device.run([](Device& device) { return daemon::counters(device); });
  (*reply.mutable_daemon())["requests"] = services_.requests;
  co_return outgoing;
}

asio::awaitable<Session::Outgoing> Session::create_buffer(const protocol::Request& request) {
  const auto& body = request.create_buffer();
  Outgoing outgoing;
  auto& reply = *outgoing.reply.mutable_buffer();
  reply.set_size(body.size());
  reply.set_id(co_await with_workspace([&body](Workspace& workspace) {
    return workspace.create_buffer(Bytes(body.size()), body.name());
  }));
  co_await report_usage();
  co_return outgoing;
}

asio::awaitable<Session::Outgoing> Session::create_shared(const protocol::Request& request) {
  const auto& body = request.create_shared();
  SharedBuffer shared = co_await with_workspace([&body](Workspace& workspace) {
    return workspace.create_shared(Bytes(body.size()), body.name());
  });
  Outgoing outgoing;
  outgoing.reply.mutable_buffer()->set_id(shared.id);
  outgoing.reply.mutable_buffer()->set_size(shared.size.count());
  outgoing.descriptors.push_back(std::move(shared.descriptor));
  co_await report_usage();
  co_return outgoing;
}

asio::awaitable<Session::Outgoing> Session::create_module(const protocol::Request& request) {
  const auto& body = request.create_module();
  Outgoing outgoing;
  *outgoing.reply.mutable_module() = co_await with_workspace(
      [&body](Workspace& workspace) { return workspace.create_module(body); });
  co_await report_usage();
  co_return outgoing;
}

asio::awaitable<Session::Outgoing> Session::record_graph(const protocol::Request& request) {
  const auto& body = request.record_graph();
  Outgoing outgoing;
  outgoing.reply.mutable_graph()->set_graph(co_await with_workspace(
      [&body](Workspace& workspace) { return workspace.record_graph(body); }));
  if (body.last()) co_await report_usage();
  co_return outgoing;
}

asio::awaitable<Session::Outgoing> Session::destroy(const protocol::Request& request) {
  const auto& body = request.destroy();
  co_await wait_until_idle();  // work on the card may still use it
  co_await with_workspace(
      [&body](Workspace& workspace) { workspace.destroy(body.kind(), body.id()); });
  co_await report_usage();
  Outgoing outgoing;
  outgoing.reply.mutable_done();
  co_return outgoing;
}

asio::awaitable<void> Session::wait_until_idle() {
  while (!co_await with_workspace([](Workspace& workspace) { return workspace.idle(); })) {
    if (over()) throw DaemonError(protocol::ERROR_CODE_NO_LEASE, "the connection is over");
    co_await wait_until(Clock::time_point::max());
  }
}

asio::awaitable<Session::Outgoing> Session::submit(const protocol::Request& request) {
  const FenceId fence = co_await with_workspace([&request](Workspace& workspace) {
    if (request.has_launch())
      return workspace.launch(request.launch().graph(), request.launch().repeat());
    if (request.has_copy()) return workspace.copy(request.copy().copy());
    return workspace.fill(request.fill().fill());
  });
  fences_.submitted(fence);
  Outgoing outgoing;
  outgoing.reply.mutable_submitted()->set_fence(fence.value());
  co_return outgoing;
}

asio::awaitable<Session::Outgoing> Session::wait(const protocol::Request& request) {
  const FenceId fence(request.wait().fence());
  const auto deadline = deadline_after(request.wait().timeout_milliseconds());
  while (fences_.state(fence) == FenceBoard::State::pending && Clock::now() < deadline && !over()) {
    co_await wait_until(deadline);
  }
  Outgoing outgoing;
  switch (fences_.state(fence)) {
    case FenceBoard::State::unknown:
      throw not_found("there is no fence " + std::to_string(fence.value()) + " of this connection");
    case FenceBoard::State::failed:
      throw DaemonError(fences_.error(fence));
    case FenceBoard::State::pending:
      outgoing.reply.mutable_wait()->set_done(false);
      break;
    case FenceBoard::State::done:
      outgoing.reply.mutable_wait()->set_done(true);
      break;
  }
  co_return outgoing;
}

asio::awaitable<void> Session::report_usage() {
  const LeaseUsage usage =
      co_await with_workspace([](Workspace& workspace) { return workspace.usage(); });
  if (lease_) services_.leases.set_usage(*lease_, usage);
}

}  // namespace redbolt::daemon
