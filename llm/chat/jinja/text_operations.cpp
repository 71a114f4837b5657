#include "chat/jinja/text_operations.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "chat/jinja/failure.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

// str.splitlines: more ends than line feeds.
bool ends_line(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

class Parts {
 public:
  Parts(Runtime& runtime, const Text& text) : runtime_(runtime), text_(text) {}
  void add(std::size_t from, std::size_t to) {
    runtime_.work(1);
    runtime_.allocate(96 + to - from);
    parts_.push_back(text_.slice(from, to - from));
  }
  std::vector<Text> take() { return std::move(parts_); }
  std::vector<Text> take_reversed() {
    std::ranges::reverse(parts_);
    return std::move(parts_);
  }

 private:
  Runtime& runtime_;
  const Text& text_;
  std::vector<Text> parts_;
};

struct Word {
  std::size_t from, to;
};

std::vector<Word> words_of(std::string_view bytes) {
  std::vector<Word> words;
  bool inside = false;
  for (std::size_t at = 0; at < bytes.size();) {
    const Character character = character_at(bytes, at);
    const bool space = is_space(character.code_point);
    if (!space && !inside) words.push_back({at, at});
    if (!space) words.back().to = at + character.length;
    inside = !space;
    at += character.length;
  }
  return words;
}

}  // namespace

Text strip_characters(Runtime& runtime, const Text& text, Ends ends, const Text* set) {
  runtime.scan(text.size());
  if (set == nullptr) {
    return strip(text, ends, [](const Character& c) { return is_space(c.code_point); });
  }
  std::vector<std::string_view> members;
  const std::string_view bytes = set->bytes();
  for (std::size_t at = 0; at < bytes.size(); at += members.back().size()) {
    members.push_back(bytes.substr(at, character_at(bytes, at).length));
  }
  return strip(text, ends, [&](const Character& c) {
    runtime.scan(members.size() * 8);
    const auto found = std::string_view(text.bytes()).substr(c.position, c.length);
    return std::ranges::find(members, found) != members.end();
  });
}

Text replace_all(Runtime& runtime, const Text& text, const Text& old_part, const Text& new_part,
                 std::int64_t count) {
  runtime.scan(text.size());
  const std::string_view bytes = text.bytes();
  Text result;
  std::size_t done = 0;
  std::size_t search = 0;
  while (count != 0 && search <= bytes.size()) {
    const std::size_t found = bytes.find(old_part.bytes(), search);
    if (found == std::string_view::npos) break;
    runtime.scan(new_part.size());
    result.append(text, done, found - done);
    result.append(new_part);
    if (result.size() > kLongest) throw Failure("a text grows beyond 64 MiB");
    done = found + old_part.size();
    search = done;
    // Nothing is found before every character, and at the end.
    if (old_part.empty()) search += found < bytes.size() ? character_at(bytes, found).length : 1;
    if (count > 0) --count;
  }
  result.append(text, done, text.size() - done);
  return result;
}

Text capitalized(const Text& text) {
  bool first = true;
  return change_characters(
      text, [&](char32_t c) { return std::exchange(first, false) ? to_upper(c) : to_lower(c); });
}

std::vector<Text> split_lines(Runtime& runtime, const Text& text, bool keep_ends) {
  runtime.scan(text.size());
  Parts parts(runtime, text);
  const std::string_view bytes = text.bytes();
  std::size_t start = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const Character character = character_at(bytes, at);
    std::size_t next = at + character.length;
    if (ends_line(character.code_point)) {
      if (character.code_point == '\r' && bytes.substr(next).starts_with('\n')) ++next;
      parts.add(start, keep_ends ? next : at);
      start = next;
    }
    at = next;
  }
  if (start < bytes.size()) parts.add(start, bytes.size());
  return parts.take();
}

std::vector<Text> split_words(Runtime& runtime, const Text& text, std::int64_t most) {
  runtime.scan(text.size());
  Parts parts(runtime, text);
  const std::vector<Word> words = words_of(text.bytes());
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (most >= 0 && static_cast<std::int64_t>(i) == most) {
      // The rest keeps its end, as Python's does.
      parts.add(words[i].from, text.size());
      break;
    }
    parts.add(words[i].from, words[i].to);
  }
  return parts.take();
}

std::vector<Text> split_words_from_right(Runtime& runtime, const Text& text, std::int64_t most) {
  runtime.scan(text.size());
  Parts parts(runtime, text);
  const std::vector<Word> words = words_of(text.bytes());
  for (std::size_t i = 0; i < words.size(); ++i) {
    const Word& word = words[words.size() - 1 - i];
    if (most >= 0 && static_cast<std::int64_t>(i) == most) {
      parts.add(0, word.to);
      break;
    }
    parts.add(word.from, word.to);
  }
  return parts.take_reversed();
}

std::vector<Text> split_at(Runtime& runtime, const Text& text, std::string_view separator,
                           std::int64_t most) {
  if (separator.empty()) throw Failure("empty separator");
  runtime.scan(text.size());
  Parts parts(runtime, text);
  const std::string_view bytes = text.bytes();
  std::size_t start = 0;
  for (; most != 0; --most) {
    const std::size_t found = bytes.find(separator, start);
    if (found == std::string_view::npos) break;
    parts.add(start, found);
    start = found + separator.size();
  }
  parts.add(start, bytes.size());
  return parts.take();
}

std::vector<Text> split_at_from_right(Runtime& runtime, const Text& text,
                                      std::string_view separator, std::int64_t most) {
  if (separator.empty()) throw Failure("empty separator");
  runtime.scan(text.size());
  Parts parts(runtime, text);
  std::string_view bytes = text.bytes();
  for (; most != 0; --most) {
    const std::size_t found = bytes.rfind(separator);
    if (found == std::string_view::npos) break;
    parts.add(found + separator.size(), bytes.size());
    bytes = bytes.substr(0, found);
  }
  parts.add(0, bytes.size());
  return parts.take_reversed();
}

Text justified(Runtime& runtime, const Text& text, std::int64_t width, std::string_view fill,
               Justify where) {
  constexpr std::int64_t kWidest = 100000;
  if (width > kWidest) throw Failure("a width is too large");
  if (count_characters(fill) != 1) throw Failure("the fill must be exactly one character");
  const auto count = static_cast<std::int64_t>(count_characters(text.bytes()));
  const std::int64_t missing = std::max<std::int64_t>(width - count, 0);
  runtime.scan(text.size() + static_cast<std::size_t>(missing));
  std::int64_t before = where == Justify::left ? 0 : missing;
  // Where it cannot be even, Python puts the larger half on the left of even widths.
  if (where == Justify::center) before = missing / 2 + (missing & width & 1);
  Text result;
  for (std::int64_t i = 0; i < before; ++i) result.append(fill, Origin::markup);
  result.append(text);
  for (std::int64_t i = before; i < missing; ++i) result.append(fill, Origin::markup);
  return result;
}

}  // namespace redbolt::llm::jinja
