// One run of the probe: collect, judge, test if asked to, judge again.
#pragma once

#include "options.hpp"
#include "report/report.hpp"

namespace redbolt::probe {

// Throws UsageError for a device that does not exist.
Report run_probe(const Options& options);

}  // namespace redbolt::probe
