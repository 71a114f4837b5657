// Gets the card back from whoever holds it: asks, waits, and with --force takes it away. What is
// wrong without a daemon (a dead socket file) is cleared; what is right is left alone.
#pragma once

#include <cstdio>

#include "options.hpp"
#include "redbolt/tools/exit_code.hpp"

namespace redbolt::lock_reset {

// Says on `output`, a line at a time, what it found and did. Throws client::ClientError and
// daemon::SocketError for what it did not expect.
tools::ExitCode reset_lock(const Options& options, std::FILE* output);

}  // namespace redbolt::lock_reset
