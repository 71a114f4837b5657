// JSON text as a value that templates compute with. Its strings are marked as input.
#pragma once

#include <optional>
#include <string_view>

#include "chat/jinja/runtime.hpp"

namespace redbolt::llm {

// Nothing when the text is not JSON, or nested more than 100 levels deep. Of equal keys the last
// one counts, as in Python; integers of any length keep their digits.
std::optional<jinja::Value> value_of_json(jinja::Runtime& runtime, std::string_view text);

}  // namespace redbolt::llm
