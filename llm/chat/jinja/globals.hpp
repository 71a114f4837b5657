// The functions that every template knows.
#pragma once

#include "chat/jinja/runtime.hpp"

namespace redbolt::llm::jinja {

// range, namespace, dict, cycler, raise_exception, strftime_now.
void define_functions(Runtime& runtime, Scope& globals);

}  // namespace redbolt::llm::jinja
