// Strings as templates see them: sequences of Unicode characters. A byte that is not UTF-8 counts
// as a character of its own and survives.
#pragma once

#include <cstddef>
#include <string_view>

#include "chat/jinja/text.hpp"

namespace redbolt::llm::jinja {

// One character of a string.
struct Character {
  std::size_t position = 0;  // in bytes
  std::size_t length = 0;    // in bytes
  char32_t code_point = 0;   // U+FFFD for a byte that is not UTF-8
};

// The character that begins at a position below the size.
Character character_at(std::string_view bytes, std::size_t position);
std::size_t count_characters(std::string_view bytes);
// Where the character of an index begins; the size for the index after the last one and beyond.
std::size_t position_of(std::string_view bytes, std::size_t index);

// As Python's str.isspace, isalpha and isdigit, for one character.
bool is_space(char32_t code_point);
bool is_letter(char32_t code_point);
bool is_digit(char32_t code_point);
// Whether Python's repr writes it as it is.
bool is_printable(char32_t code_point);
// Characters whose other case is more than one character stay as they are.
char32_t to_upper(char32_t code_point);
char32_t to_lower(char32_t code_point);
bool is_upper(char32_t code_point);
bool is_lower(char32_t code_point);

// A copy in which each character is replaced by what `change` makes of it.
template <class Change>
Text change_characters(const Text& text, Change change);

// The text without characters for which `drop` holds at its ends.
enum class Ends { both, left, right };
template <class Drop>
Text strip(const Text& text, Ends ends, Drop drop);

// Appends one character with an origin.
void append_character(Text& text, char32_t code_point, Origin origin);

template <class Change>
Text change_characters(const Text& text, Change change) {
  Text result;
  const std::string_view bytes = text.bytes();
  for (std::size_t at = 0; at < bytes.size();) {
    const Character character = character_at(bytes, at);
    const char32_t changed = change(character.code_point);
    if (changed == character.code_point) {
      result.append(text, at, character.length);
    } else {
      append_character(result, changed, text.origin_at(at));
    }
    at += character.length;
  }
  return result;
}

template <class Drop>
Text strip(const Text& text, Ends ends, Drop drop) {
  const std::string_view bytes = text.bytes();
  std::size_t start = 0;
  while (ends != Ends::right && start < bytes.size()) {
    const Character character = character_at(bytes, start);
    if (!drop(character)) break;
    start += character.length;
  }
  std::size_t end = bytes.size();
  while (ends != Ends::left && end > start) {
    // A character begins at most three bytes before its last one.
    std::size_t at = end - 1;
    for (std::size_t back = 1; back <= 4 && back <= end - start; ++back) {
      const Character candidate = character_at(bytes, end - back);
      if (candidate.length == back) at = end - back;
    }
    if (!drop(character_at(bytes, at))) break;
    end = at;
  }
  return text.slice(start, end - start);
}

}  // namespace redbolt::llm::jinja
