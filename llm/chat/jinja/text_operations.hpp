// What both filters and methods do with strings. All keep the marks of origin, and account for
// their work with the runtime.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "chat/jinja/characters.hpp"
#include "chat/jinja/runtime.hpp"
#include "chat/jinja/text.hpp"

namespace redbolt::llm::jinja {

// Without the characters of `set` at its ends; white space when it is null.
Text strip_characters(Runtime& runtime, const Text& text, Ends ends, const Text* set);
// At most `count` times; all when it is negative.
Text replace_all(Runtime& runtime, const Text& text, const Text& old_part, const Text& new_part,
                 std::int64_t count);
Text capitalized(const Text& text);
// str.splitlines.
std::vector<Text> split_lines(Runtime& runtime, const Text& text, bool keep_ends);
// str.split: at white space, at most `most` times (negative: everywhere).
std::vector<Text> split_words(Runtime& runtime, const Text& text, std::int64_t most);
std::vector<Text> split_words_from_right(Runtime& runtime, const Text& text, std::int64_t most);
// At a separator, which must not be empty.
std::vector<Text> split_at(Runtime& runtime, const Text& text, std::string_view separator,
                           std::int64_t most);
std::vector<Text> split_at_from_right(Runtime& runtime, const Text& text,
                                      std::string_view separator, std::int64_t most);

enum class Justify { left, right, center };
// Filled up to a width in characters.
Text justified(Runtime& runtime, const Text& text, std::int64_t width, std::string_view fill,
               Justify where);

}  // namespace redbolt::llm::jinja
