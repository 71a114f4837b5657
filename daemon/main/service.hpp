// The life of the process: socket, boot, service, clean end; and what a service manager is told of
// it.
#pragma once

#include "main/options.hpp"
#include "main/system/notifier.hpp"

namespace redbolt::daemon {

// Serves until SIGTERM, SIGINT or the end of --exit-with-fd. Throws what keeps it from starting.
void run_service(const Options& options, const Environment& environment);

}  // namespace redbolt::daemon
