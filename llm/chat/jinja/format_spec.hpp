// How one value is written into a place of a format: width, alignment, precision and kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "chat/jinja/runtime.hpp"
#include "chat/jinja/text.hpp"
#include "chat/jinja/value.hpp"

namespace redbolt::llm::jinja {

struct FormatSpec {
  std::string fill = " ";
  char align = '\0';  // < > ^ =, or 0: as the value's type has it
  char sign = '-';    // + - or a space
  bool alternate = false;
  bool grouped = false;  // thousands with commas
  std::size_t width = 0;
  std::optional<int> precision = {};
  char kind = '\0';  // s d x X o b f F e E g G %, or 0: as the value's type has it
};

// Widths and precisions beyond this are refused.
inline constexpr std::size_t kWidest = 10000;

// Throws Failure when the value cannot be written in this way.
Text format_value(Runtime& runtime, const Value& value, const FormatSpec& spec);

}  // namespace redbolt::llm::jinja
