// redbolt-device-probe --watch: looks at the daemon again and again and shows what it says, as a
// picture on a terminal or as lines elsewhere.
#pragma once

#include "options.hpp"
#include "redbolt/tools/exit_code.hpp"

namespace redbolt::probe {

// Until q, Ctrl-C, SIGTERM, or nobody reads the lines any more.
tools::ExitCode watch(const Options& options);

}  // namespace redbolt::probe
