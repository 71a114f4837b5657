#include "facts/daemon.hpp"

#include <future>
#include <thread>

#include "redbolt/client/connection.hpp"

namespace redbolt::probe {
namespace {

HolderFacts holder_facts(const client::LeaseHolder& holder) {
  return {holder.pid,
          holder.uid,
          holder.command,
          holder.age_seconds,
          holder.arena_bytes.count(),
          holder.shared_bytes.count()};
}

void describe(client::Connection& connection, DaemonFacts& facts) {
  const client::DeviceInfo& card = connection.device();
  const client::DeviceStatus status = connection.status();
  facts.state = DaemonFacts::State::answers;
  facts.version = connection.daemon_version();
  facts.card_name = card.name;
  facts.gfx_target = card.gfx_target;
  facts.bus_name = card.bus_name;
  facts.emulated = card.emulated;
  facts.vram_bytes = card.vram.count();
  facts.arena_bytes = status.arena.size.count();
  facts.arena_free_bytes = status.arena.free.count();
  facts.compute_units = card.compute_units;
  facts.ip_versions = card.ip_versions;
  facts.card_state = status.state;
  facts.card_lost = status.card_lost;
  facts.uptime_s = status.uptime_seconds;
  if (status.holder) facts.holder = holder_facts(*status.holder);
  for (const auto& waiting : status.waiting) facts.waiting.push_back(holder_facts(waiting));
}

DaemonFacts::State state_of(client::ClientErrorCode code) {
  using Code = client::ClientErrorCode;
  using State = DaemonFacts::State;
  if (code == Code::no_daemon) return State::absent;
  if (code == Code::permission_denied) return State::denied;
  if (code == Code::version_mismatch) return State::incompatible;
  return State::silent;
}

DaemonFacts ask(const std::filesystem::path& socket) {
  DaemonFacts facts;
  facts.socket = socket;
  try {
    client::Connection connection({socket, "redbolt-device-probe"});
    describe(connection, facts);
  } catch (const client::ClientError& error) {
    facts.state = state_of(error.code());
    facts.problem = error.what();
  }
  return facts;
}

}  // namespace

DaemonFacts ask_daemon(const std::filesystem::path& socket, std::chrono::milliseconds patience) {
  std::promise<DaemonFacts> promise;
  std::future<DaemonFacts> answer = promise.get_future();
  std::thread([promise = std::move(promise), socket]() mutable {
    promise.set_value(ask(socket));
  }).detach();
  if (answer.wait_for(patience) == std::future_status::ready) return answer.get();
  DaemonFacts facts;
  facts.socket = socket;
  facts.state = DaemonFacts::State::silent;
  facts.problem = "redboltd on " + socket.string() + " took the connection and does not answer";
  return facts;
}

}  // namespace redbolt::probe
