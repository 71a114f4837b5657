// A report as text for people and as JSON for programs.
#pragma once

#include <string>

#include "report/report.hpp"

namespace redbolt::probe {

// colour: with ANSI colours, for a terminal.
std::string render_text(const Report& report, bool colour);

// One JSON object, indented, with a newline at its end. docs/device-probe.md describes it.
std::string render_json(const Report& report);

// Of the JSON form. Grows when a field is removed or changes its meaning; new fields do not count.
inline constexpr int schema_version = 1;

}  // namespace redbolt::probe
