// Asks the daemon at intervals, on a thread of its own: a daemon that does not answer must not keep
// the view from being left.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "watch/snapshot.hpp"

namespace redbolt::probe {

class Poller {
 public:
  Poller(const std::filesystem::path& socket, std::chrono::milliseconds interval);
  ~Poller();  // does not wait for a daemon that is silent
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // The latest, once there is one newer than the last that was taken; waits up to `patience`.
  std::optional<Snapshot> next(std::chrono::milliseconds patience);

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared, const std::filesystem::path& socket,
                  std::chrono::milliseconds interval);
  std::shared_ptr<Shared> shared_;  // with the thread, which may outlive this object
};

}  // namespace redbolt::probe
