// From facts to a report, without asking anything of the machine.
#pragma once

#include "report/report.hpp"

namespace redbolt::probe {

Report diagnose(MachineFacts facts);

}  // namespace redbolt::probe
