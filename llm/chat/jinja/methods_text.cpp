// Methods of strings that make strings.
#include <array>
#include <string>

#include "chat/jinja/access.hpp"
#include "chat/jinja/characters.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/format.hpp"
#include "chat/jinja/function.hpp"
#include "chat/jinja/text_operations.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

// Null when the argument is absent or None.
const Text* optional_text(const Given& given, std::size_t index) {
  const bool absent = given.find(index) == nullptr || is_none(*given.find(index));
  return absent ? nullptr : &given.text(index);
}

Value texts(Runtime& runtime, std::vector<Text> parts, List::Kind kind = List::Kind::list) {
  std::vector<Value> values;
  values.reserve(parts.size());
  for (Text& part : parts) values.push_back(runtime.text(std::move(part)));
  return runtime.list(std::move(values), kind);
}

template <Ends ends>
Value strip_method(Runtime& runtime, const Value& subject, const Given& given) {
  return runtime.text(strip_characters(runtime, *as_text(subject), ends, optional_text(given, 0)));
}

Value split(Runtime& runtime, const Value& subject, const Given& given) {
  const Text& text = *as_text(subject);
  const Text* const separator = optional_text(given, 0);
  const std::int64_t most = given.integer(1, -1);
  return texts(runtime, separator ? split_at(runtime, text, separator->bytes(), most)
                                  : split_words(runtime, text, most));
}

Value split_from_right(Runtime& runtime, const Value& subject, const Given& given) {
  const Text& text = *as_text(subject);
  const Text* const separator = optional_text(given, 0);
  const std::int64_t most = given.integer(1, -1);
  return texts(runtime, separator ? split_at_from_right(runtime, text, separator->bytes(), most)
                                  : split_words_from_right(runtime, text, most));
}

Value lines(Runtime& runtime, const Value& subject, const Given& given) {
  return texts(runtime, split_lines(runtime, *as_text(subject), given.flag(0, false)));
}

// Before, separator and after; everything on one side when it is not there.
template <bool last>
Value partition(Runtime& runtime, const Value& subject, const Given& given) {
  const Text& text = *as_text(subject);
  const Text& separator = given.text(0);
  if (separator.empty()) throw Failure("empty separator");
  runtime.scan(text.size());
  const std::size_t found =
      last ? text.bytes().rfind(separator.bytes()) : text.bytes().find(separator.bytes());
  std::vector<Text> parts(3);
  if (found == std::string::npos) {
    parts[last ? 2 : 0] = text;
  } else {
    const std::size_t end = found + separator.size();
    parts = {text.slice(0, found), text.slice(found, separator.size()),
             text.slice(end, text.size() - end)};
  }
  return texts(runtime, std::move(parts), List::Kind::tuple);
}

Value replace(Runtime& runtime, const Value& subject, const Given& given) {
  return runtime.text(
      replace_all(runtime, *as_text(subject), given.text(0), given.text(1), given.integer(2, -1)));
}

template <char32_t (*change)(char32_t)>
Value change_case(Runtime& runtime, const Value& subject, const Given&) {
  return runtime.text(change_characters(*as_text(subject), change));
}

char32_t swap_case(char32_t c) {
  return is_upper(c) ? to_lower(c) : to_upper(c);
}

Value capitalize(Runtime& runtime, const Value& subject, const Given&) {
  return runtime.text(capitalized(*as_text(subject)));
}

// Words are runs of letters with a case.
Value title(Runtime& runtime, const Value& subject, const Given&) {
  bool inside = false;
  return runtime.text(change_characters(*as_text(subject), [&](char32_t c) {
    const char32_t changed = inside ? to_lower(c) : to_upper(c);
    inside = is_upper(c) || is_lower(c);
    return changed;
  }));
}

Value join(Runtime& runtime, const Value& subject, const Given& given) {
  const Text& separator = *as_text(subject);
  Text result;
  bool first = true;
  for (const Value& part : items_of(runtime, given.require(0))) {
    if (!first) result.append(separator);
    first = false;
    runtime.scan(separator.size());
    result.append(require_text(part, "join"));
    if (result.size() > kLongest) throw Failure("a text grows beyond 64 MiB");
  }
  return runtime.text(std::move(result));
}

Value format(Runtime& runtime, const Value& subject, const Given& given) {
  return runtime.text(brace_format(runtime, *as_text(subject), given.all()));
}

template <Justify where>
Value justify(Runtime& runtime, const Value& subject, const Given& given) {
  const std::string fill = given.find(1) ? given.text(1).bytes() : " ";
  const std::int64_t width = require_integer(given.require(0), "a width");
  return runtime.text(justified(runtime, *as_text(subject), width, fill, where));
}

Value zero_fill(Runtime& runtime, const Value& subject, const Given& given) {
  const Text& text = *as_text(subject);
  const std::int64_t width = require_integer(given.require(0), "zfill");
  const bool sign = text.bytes().starts_with('-') || text.bytes().starts_with('+');
  Text result = text.slice(0, sign ? 1 : 0);
  result.append(justified(runtime, text.slice(result.size(), text.size() - result.size()),
                          width - (sign ? 1 : 0), "0", Justify::right));
  return runtime.text(std::move(result));
}

template <bool at_end>
Value remove_affix(Runtime& runtime, const Value& subject, const Given& given) {
  const Text& text = *as_text(subject);
  const std::string& affix = given.text(0).bytes();
  const bool there = at_end ? text.bytes().ends_with(affix) : text.bytes().starts_with(affix);
  if (!there) return subject;
  return runtime.text(text.slice(at_end ? 0 : affix.size(), text.size() - affix.size()));
}

constexpr std::array<Function, 23> kMethods = {{
    {"strip", "chars", strip_method<Ends::both>},
    {"lstrip", "chars", strip_method<Ends::left>},
    {"rstrip", "chars", strip_method<Ends::right>},
    {"split", "sep maxsplit", split},
    {"rsplit", "sep maxsplit", split_from_right},
    {"splitlines", "keepends", lines},
    {"partition", "sep", partition<false>},
    {"rpartition", "sep", partition<true>},
    {"replace", "old new count", replace},
    {"upper", "", change_case<to_upper>},
    {"lower", "", change_case<to_lower>},
    {"casefold", "", change_case<to_lower>},
    {"swapcase", "", change_case<swap_case>},
    {"capitalize", "", capitalize},
    {"title", "", title},
    {"join", "iterable", join},
    {"format", "*", format},
    {"ljust", "width fillchar", justify<Justify::left>},
    {"rjust", "width fillchar", justify<Justify::right>},
    {"center", "width fillchar", justify<Justify::center>},
    {"zfill", "width", zero_fill},
    {"removeprefix", "prefix", remove_affix<false>},
    {"removesuffix", "suffix", remove_affix<true>},
}};

}  // namespace

std::span<const Function> text_methods() {
  return kMethods;
}

}  // namespace redbolt::llm::jinja
