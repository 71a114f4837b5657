// Strings as Python's int() and float() read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace redbolt::llm::jinja {

// Nothing when the text is no number, does not fit 64 bits, or the base is not supported.
std::optional<std::int64_t> parse_integer(std::string_view text, std::int64_t base);
std::optional<double> parse_float(std::string_view text);

}  // namespace redbolt::llm::jinja
