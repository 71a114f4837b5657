// UTF-8, one character at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace redbolt::llm {

// What the bytes at the front of a text are.
struct Utf8Prefix {
  enum class Kind { character, incomplete, invalid };
  Kind kind = Kind::invalid;
  std::size_t length = 0;   // bytes: of the character, of what is there so far, or to skip
  char32_t code_point = 0;  // for a character
};

// Examines the front of a text that is not empty. "incomplete": the text ends inside what could
// become a valid character. Overlong forms, surrogates and values above U+10FFFF are invalid.
Utf8Prefix utf8_prefix(std::string_view text);

// Appends a code point (not a surrogate, at most U+10FFFF) as UTF-8.
void append_utf8(std::string& text, char32_t code_point);

}  // namespace redbolt::llm
