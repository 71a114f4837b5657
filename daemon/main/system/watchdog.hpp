// Feeds the service manager's watchdog as long as both threads of the daemon do their work: the
// loop runs on the thread of the sockets and passes through the device thread each time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>

#include "device_thread.hpp"
#include "main/system/notifier.hpp"

namespace redbolt::daemon {

// Until the context that it runs on is stopped. To be started once the device has been booted.
boost::asio::awaitable<void> feed_watchdog(ServiceNotifier& notifier, DeviceThread& device,
                                           std::chrono::microseconds interval);

}  // namespace redbolt::daemon
