// The life of the process: socket, boot, service, clean end.
#pragma once

#include "main/options.hpp"

namespace redbolt::daemon {

// Serves until SIGTERM, SIGINT or the end of --exit-with-fd. Throws what keeps it from starting.
void run_service(const Options& options);

}  // namespace redbolt::daemon
