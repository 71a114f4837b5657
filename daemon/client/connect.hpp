// Finding the daemon and opening the socket to it, with errors that say what to do.
#pragma once

#include <filesystem>

#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::client {

// A connected, blocking socket. Throws ClientError: no_daemon, permission_denied, invalid_argument.
FileDescriptor connect_to_daemon(const std::filesystem::path& path);

}  // namespace redbolt::client
