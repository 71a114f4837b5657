// The client connection as the runtime's objects share it: a lock around it, since one thread at a
// time may use a Connection, and the freeing of what those objects hold.
#pragma once

#include <mutex>
#include <vector>

#include "device/turn_lock.hpp"
#include "redbolt/client/connection.hpp"

namespace redbolt::runtime {

class DeviceConnection {
 public:
  DeviceConnection(const client::ConnectionOptions& options) : connection_(options) {}

  // Runs `call` with the connection, alone.
  template <class Call>
  auto with(Call call) {
    const std::lock_guard lock(mutex_);
    return call(connection_);
  }

  const client::DeviceInfo& info() const { return connection_.device(); }

  // Frees; what a recorded graph still names is freed with the graph. Errors mean that the daemon
  // has freed everything already.
  void destroy(client::BufferId buffer) noexcept;
  void destroy(client::GraphId graph) noexcept;

 private:
  bool try_destroy(client::BufferId buffer) noexcept;

  // Held while the daemon answers: it is what orders the callers, who may be the engines of several
  // models.
  TurnLock mutex_;
  client::Connection connection_;
  std::vector<client::BufferId> still_named_;  // guarded by mutex_
};

}  // namespace redbolt::runtime
