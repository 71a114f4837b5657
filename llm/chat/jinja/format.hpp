// Strings with places to fill: Python's `%` operator and str.format.
#pragma once

#include "chat/jinja/runtime.hpp"
#include "chat/jinja/text.hpp"
#include "chat/jinja/value.hpp"

namespace redbolt::llm::jinja {

// format % values. Throws Failure for what it does not know.
Text percent_format(Runtime& runtime, const Text& format, const Value& values);
// format.format(...).
Text brace_format(Runtime& runtime, const Text& format, const Arguments& arguments);

}  // namespace redbolt::llm::jinja
