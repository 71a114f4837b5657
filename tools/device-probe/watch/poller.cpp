#include "watch/poller.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "redbolt/client/connection.hpp"

namespace redbolt::probe {

struct Poller::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Snapshot> latest;
  bool over = false;

  void post(Snapshot snapshot) {
    {
      const std::lock_guard lock(mutex);
      latest = std::move(snapshot);
    }
    changed.notify_all();
  }
  // False when it is time to end.
  bool pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex);
    return !changed.wait_for(lock, time, [this] { return over; });
  }
};

Poller::Poller(const std::filesystem::path& socket, std::chrono::milliseconds interval)
    : shared_(std::make_shared<Shared>()) {
  std::thread([shared = shared_, socket, interval] { run(shared, socket, interval); }).detach();
}

Poller::~Poller() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->over = true;
  }
  shared_->changed.notify_all();
}

std::optional<Snapshot> Poller::next(std::chrono::milliseconds patience) {
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait_for(lock, patience, [this] { return shared_->latest.has_value(); });
  return std::exchange(shared_->latest, std::nullopt);
}

void Poller::run(const std::shared_ptr<Shared>& shared, const std::filesystem::path& socket,
                 std::chrono::milliseconds interval) {
  std::optional<client::Connection> connection;
  do {
    Snapshot snapshot;
    try {
      if (!connection)
        connection.emplace(client::ConnectionOptions{socket, "redbolt-device-probe --watch"});
      snapshot.daemon_version = connection->daemon_version();
      snapshot.card = connection->device();
      snapshot.status = connection->status({.metrics = true, .arena_map = true});
    } catch (const client::ClientError& error) {
      connection.reset();
      snapshot = Snapshot{};
      snapshot.problem = error.what();
    }
    shared->post(std::move(snapshot));
  } while (shared->pause(interval));
}

}  // namespace redbolt::probe
