// Methods of strings that look for something or ask what they are made of.
#include <algorithm>
#include <array>
#include <string>

#include "chat/jinja/characters.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/function.hpp"

namespace redbolt::llm::jinja {
namespace {

// The part of a string that start and end, counted in characters, leave of it.
struct Window {
  std::string_view bytes;
  std::size_t offset = 0;  // of its first byte in the string
  bool valid = true;       // false: it starts behind the end, where not even "" is found
};

Window window(Runtime& runtime, const Text& text, const Given& given, std::size_t start_index) {
  runtime.scan(text.size());
  const std::string_view bytes = text.bytes();
  const auto present = [&](std::size_t index) {
    return given.find(index) != nullptr && !is_none(*given.find(index));
  };
  if (!present(start_index) && !present(start_index + 1)) return {bytes, 0, true};
  const auto count = static_cast<std::int64_t>(count_characters(bytes));
  const auto bound = [&](std::size_t index, std::int64_t fallback) {
    if (!present(index)) return fallback;
    const std::int64_t at = given.integer(index, fallback);
    return at < 0 ? std::max<std::int64_t>(at < -count ? 0 : at + count, 0) : at;
  };
  const std::int64_t start = bound(start_index, 0);
  const std::int64_t end = std::min(bound(start_index + 1, count), count);
  if (start > end) return {{}, 0, false};
  const std::size_t from = position_of(bytes, static_cast<std::size_t>(start));
  const std::size_t to = position_of(bytes, static_cast<std::size_t>(end));
  return {bytes.substr(from, to - from), from, true};
}

// startswith and endswith: one string, or any of a tuple.
template <bool at_end>
Value has_affix(Runtime& runtime, const Value& subject, const Given& given) {
  const Window part = window(runtime, *as_text(subject), given, 1);
  const auto matches = [&](const Value& affix) {
    const std::string& bytes = require_text(affix, at_end ? "endswith" : "startswith").bytes();
    return part.valid && (at_end ? part.bytes.ends_with(bytes) : part.bytes.starts_with(bytes));
  };
  const Value& affix = given.require(0);
  const List* const several = as_list(affix);
  if (several == nullptr || several->kind == List::Kind::list) return matches(affix);
  runtime.work(several->items.size());
  return std::ranges::any_of(several->items, matches);
}

template <bool last>
std::int64_t position(Runtime& runtime, const Value& subject, const Given& given) {
  const Text& text = *as_text(subject);
  const Window part = window(runtime, text, given, 1);
  const std::string& wanted = given.text(0).bytes();
  const std::size_t found = last ? part.bytes.rfind(wanted) : part.bytes.find(wanted);
  if (!part.valid || found == std::string_view::npos) return -1;
  const auto before = std::string_view(text.bytes()).substr(0, part.offset + found);
  return static_cast<std::int64_t>(count_characters(before));
}

template <bool last>
Value find(Runtime& runtime, const Value& subject, const Given& given) {
  return position<last>(runtime, subject, given);
}

template <bool last>
Value index(Runtime& runtime, const Value& subject, const Given& given) {
  const std::int64_t found = position<last>(runtime, subject, given);
  if (found < 0) throw Failure("substring not found");
  return found;
}

Value count(Runtime& runtime, const Value& subject, const Given& given) {
  const Window part = window(runtime, *as_text(subject), given, 1);
  const std::string& wanted = given.text(0).bytes();
  if (!part.valid) return std::int64_t{0};
  if (wanted.empty()) return static_cast<std::int64_t>(count_characters(part.bytes)) + 1;
  std::int64_t number = 0;
  for (std::size_t at = part.bytes.find(wanted); at != std::string_view::npos;
       at = part.bytes.find(wanted, at + wanted.size())) {
    ++number;
  }
  return number;
}

// Not empty, and all characters are of a kind.
template <bool (*kind)(char32_t)>
Value all_are(Runtime& runtime, const Value& subject, const Given&) {
  const Text& text = *as_text(subject);
  runtime.scan(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text.bytes(), at);
    if (!kind(character.code_point)) return false;
    at += character.length;
  }
  return !text.empty();
}

bool is_letter_or_digit(char32_t c) {
  return is_letter(c) || is_digit(c);
}

template <const char* name>
Value by_test(Runtime& runtime, const Value& subject, const Given& given) {
  return find_test(name)->apply(runtime, subject, given);
}

constexpr char kUpper[] = "upper";
constexpr char kLower[] = "lower";

constexpr std::array<Function, 15> kMethods = {{
    {"startswith", "prefix start end", has_affix<false>},
    {"endswith", "suffix start end", has_affix<true>},
    {"find", "sub start end", find<false>},
    {"rfind", "sub start end", find<true>},
    {"index", "sub start end", index<false>},
    {"rindex", "sub start end", index<true>},
    {"count", "sub start end", count},
    {"isspace", "", all_are<is_space>},
    {"isalpha", "", all_are<is_letter>},
    {"isdigit", "", all_are<is_digit>},
    {"isnumeric", "", all_are<is_digit>},
    {"isdecimal", "", all_are<is_digit>},
    {"isalnum", "", all_are<is_letter_or_digit>},
    {"isupper", "", by_test<kUpper>},
    {"islower", "", by_test<kLower>},
}};

}  // namespace

std::span<const Function> text_search_methods() {
  return kMethods;
}

}  // namespace redbolt::llm::jinja
