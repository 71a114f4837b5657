// A listening socket that the service manager opened in the daemon's place, so that clients can
// connect before it runs: systemd's ($LISTEN_FDS, sd_listen_fds(3)) or launchd's.
#pragma once

#include <optional>

#include "main/system/notifier.hpp"
#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::daemon {

// Takes the first descriptor that was passed; closes others. std::nullopt if none was, or if they
// are for another process.
std::optional<FileDescriptor> inherited_socket(const Environment& environment);

}  // namespace redbolt::daemon
