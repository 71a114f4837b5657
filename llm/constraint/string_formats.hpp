// The formats of strings that JSON Schema names, as regular expressions: of each a part that every
// validator accepts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace redbolt::llm {

// Of the whole text. Nothing: not one of those supported.
std::optional<std::string> format_pattern(std::string_view format);

}  // namespace redbolt::llm
