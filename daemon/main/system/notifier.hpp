// Tells the service manager how the daemon is: systemd's notification protocol (sd_notify(3)),
// which is a datagram of lines to the socket that $NOTIFY_SOCKET names. Without one, nothing is
// sent.
//
// Threads: tell() may be called from any thread.
#pragma once

#include <sys/un.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::daemon {

using Environment = std::function<const char*(const char*)>;  // as std::getenv

class ServiceNotifier {
 public:
  // An address that cannot be used counts as none.
  explicit ServiceNotifier(const Environment& environment);

  bool active() const { return socket_.valid(); }

  void ready(std::string_view status);
  void status(std::string_view text);  // one line for `systemctl status`
  void stopping();
  void alive();  // feeds the watchdog

  // How often the manager wants to hear alive(), if it does: half of $WATCHDOG_USEC, as
  // sd_watchdog_enabled(3) advises.
  std::optional<std::chrono::microseconds> watchdog_interval() const { return watchdog_interval_; }

 private:
  void tell(std::string_view lines) const;

  sockaddr_un address_{};
  socklen_t length_ = 0;
  FileDescriptor socket_;
  std::optional<std::chrono::microseconds> watchdog_interval_;
};

}  // namespace redbolt::daemon
