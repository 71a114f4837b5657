// UTF-8, one character at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace redbolt::llm {

// Table 3-7 of the Unicode standard: well-formed sequences by their first byte. The second byte has
// a range of its own, the others are 80..BF.
struct Utf8Sequence {
  std::uint8_t first_low, first_high;
  unsigned length;
  std::uint8_t second_low, second_high;
};
inline constexpr std::array<Utf8Sequence, 9> kUtf8Sequences = {{
    {0x00, 0x7F, 1, 0x00, 0x00},
    {0xC2, 0xDF, 2, 0x80, 0xBF},
    {0xE0, 0xE0, 3, 0xA0, 0xBF},
    {0xE1, 0xEC, 3, 0x80, 0xBF},
    {0xED, 0xED, 3, 0x80, 0x9F},
    {0xEE, 0xEF, 3, 0x80, 0xBF},
    {0xF0, 0xF0, 4, 0x90, 0xBF},
    {0xF1, 0xF3, 4, 0x80, 0xBF},
    {0xF4, 0xF4, 4, 0x80, 0x8F},
}};

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
