// Values as text: as Python's str, repr and json.dumps write them. Strings keep their marks.
#pragma once

#include <optional>
#include <string>

#include "chat/jinja/text.hpp"
#include "chat/jinja/value.hpp"

namespace redbolt::llm::jinja {

// Lists and mappings nested deeper than this are refused wherever they are walked.
inline constexpr int kDeepest = 200;
// No string grows beyond this, in bytes.
inline constexpr std::size_t kLongest = std::size_t{64} << 20;

// repr of a float: the shortest digits that give the number back.
std::string float_text(double number);

// str(value); nothing for an undefined one.
Text to_text(const Value& value);
// repr(value).
Text to_repr(const Value& value);

struct JsonStyle {
  std::optional<std::string> indent = {};  // of one level; absent: all on one line
  std::optional<std::string> item_separator = {};
  std::optional<std::string> key_separator = {};
  bool ensure_ascii = false;
  bool sort_keys = false;
};
// json.dumps(value, ...), with the defaults of transformers' own tojson. Throws Failure for what
// JSON has no way to say.
Text to_json(const Value& value, const JsonStyle& style);

}  // namespace redbolt::llm::jinja
