// What stands between the quotes of a string in a template.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace redbolt::llm::jinja {

// The string with its escapes, which are Python's, resolved. Unknown ones stay as they are; nothing
// for a broken \x, \u or \U, and for \N{...}, which is not supported.
std::optional<std::string> string_literal(std::string_view text);

}  // namespace redbolt::llm::jinja
