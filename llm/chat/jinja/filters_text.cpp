// Filters of strings.
#include <algorithm>
#include <array>
#include <string>

#include "chat/jinja/characters.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/format.hpp"
#include "chat/jinja/function.hpp"
#include "chat/jinja/text_operations.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

Value trim(Runtime& runtime, const Value& subject, const Given& given) {
  const Value* const characters = given.find(0);
  const bool spaces = characters == nullptr || is_none(*characters);
  return runtime.text(
      strip_characters(runtime, to_text(subject), Ends::both, spaces ? nullptr : &given.text(0)));
}

Value replace(Runtime& runtime, const Value& subject, const Given& given) {
  const Text old_part = to_text(given.require(0));
  const Text new_part = to_text(given.require(1));
  const bool all = given.find(2) == nullptr || is_none(*given.find(2));
  return runtime.text(
      replace_all(runtime, to_text(subject), old_part, new_part, all ? -1 : given.integer(2, -1)));
}

Value upper(Runtime& runtime, const Value& subject, const Given&) {
  return runtime.text(change_characters(to_text(subject), to_upper));
}

Value lower(Runtime& runtime, const Value& subject, const Given&) {
  return runtime.text(change_characters(to_text(subject), to_lower));
}

Value capitalize(Runtime& runtime, const Value& subject, const Given&) {
  return runtime.text(capitalized(to_text(subject)));
}

// Words begin after white space, hyphens and opening brackets.
Value title(Runtime& runtime, const Value& subject, const Given&) {
  bool starts = true;
  return runtime.text(change_characters(to_text(subject), [&](char32_t c) {
    const bool separates = is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
    const char32_t changed = starts ? to_upper(c) : to_lower(c);
    starts = separates;
    return changed;
  }));
}

// A number of spaces, or the text itself.
std::string indentation(const Value* width) {
  if (width == nullptr) return "    ";
  if (const Text* const text = as_text(*width)) return text->bytes();
  const std::int64_t count = require_integer(*width, "indent");
  if (count > 1000) throw Failure("an indentation is too wide");
  return std::string(static_cast<std::size_t>(std::max<std::int64_t>(count, 0)), ' ');
}

Value indent(Runtime& runtime, const Value& subject, const Given& given) {
  const Text text = to_text(subject);
  const std::string margin = indentation(given.find(0));
  const bool blank = given.flag(2, false);
  Text result;
  bool first = true;
  // As the original does it: the text has a line feed more, whose empty line is dropped again.
  Text whole = text;
  whole.append("\n", Origin::markup);
  const std::vector<Text> lines = split_lines(runtime, whole, false);
  for (const Text& line : lines) {
    if (!first) result.append("\n", Origin::markup);
    const bool indented = first ? given.flag(1, false) : blank || !line.empty();
    if (indented) result.append(margin, Origin::markup);
    result.append(line);
    first = false;
  }
  return runtime.text(std::move(result));
}

Value escape(Runtime& runtime, const Value& subject, const Given&) {
  static constexpr std::array<std::pair<char, std::string_view>, 5> kEscapes = {{
      {'&', "&amp;"},
      {'<', "&lt;"},
      {'>', "&gt;"},
      {'\'', "&#39;"},
      {'"', "&#34;"},
  }};
  const Text text = to_text(subject);
  Text result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto* const found =
        std::ranges::find(kEscapes, text.bytes()[i], &std::pair<char, std::string_view>::first);
    if (found == kEscapes.end()) {
      result.append(text, i, 1);
    } else {
      result.append(found->second, text.origin_at(i));
    }
  }
  return runtime.text(std::move(result));
}

Value string(Runtime& runtime, const Value& subject, const Given&) {
  return as_text(subject) ? subject : runtime.text(to_text(subject));
}

Value format(Runtime& runtime, const Value& subject, const Given& given) {
  const Text text = to_text(subject);
  if (!given.all().named.empty()) {
    if (!given.all().positional.empty()) {
      throw Failure("format takes arguments either by place or by name");
    }
    Dict* const dict = runtime.dict();
    for (const auto& [name, value] : given.all().named) {
      runtime.set(*dict, runtime.markup(name), value);
    }
    return runtime.text(percent_format(runtime, text, dict));
  }
  return runtime.text(
      percent_format(runtime, text, runtime.list(given.all().positional, List::Kind::tuple)));
}

Value center(Runtime& runtime, const Value& subject, const Given& given) {
  return runtime.text(
      justified(runtime, to_text(subject), given.integer(0, 80), " ", Justify::center));
}

Value word_count(Runtime& runtime, const Value& subject, const Given&) {
  const auto words = split_words(runtime, to_text(subject), -1);
  return static_cast<std::int64_t>(std::ranges::count_if(words, [](const Text& word) {
    return std::ranges::any_of(word.bytes(), [](char c) {
      return is_letter(static_cast<unsigned char>(c)) || is_digit(static_cast<unsigned char>(c)) ||
             c == '_' || static_cast<unsigned char>(c) >= 0x80;
    });
  }));
}

Value truncate(Runtime& runtime, const Value& subject, const Given& given) {
  const Text text = to_text(subject);
  const std::int64_t most = given.integer(0, 255);
  const Text end = given.find(2) ? given.text(2) : Text("...", Origin::markup);
  const std::int64_t leeway = given.find(3) && !is_none(*given.find(3)) ? given.integer(3, 5) : 5;
  const auto count = static_cast<std::int64_t>(count_characters(text.bytes()));
  const auto end_count = static_cast<std::int64_t>(count_characters(end.bytes()));
  if (most < end_count || most > 1'000'000'000) throw Failure("truncate: the length does not fit");
  if (leeway < 0 || leeway > 1'000'000'000) throw Failure("truncate: the leeway does not fit");
  runtime.scan(text.size());
  if (count <= most + leeway) return runtime.text(text);
  std::size_t cut = position_of(text.bytes(), static_cast<std::size_t>(most - end_count));
  if (!given.flag(1, false)) {
    const std::size_t space = text.bytes().substr(0, cut).rfind(' ');
    if (space != std::string::npos) cut = space;
  }
  Text result = text.slice(0, cut);
  result.append(end);
  return runtime.text(std::move(result));
}

constexpr std::array<Function, 16> kFilters = {{
    {"trim", "chars", trim},
    {"replace", "old new count", replace},
    {"upper", "", upper},
    {"lower", "", lower},
    {"capitalize", "", capitalize},
    {"title", "", title},
    {"indent", "width first blank", indent},
    {"escape", "", escape},
    {"e", "", escape},
    {"forceescape", "", escape},
    {"string", "", string},
    {"safe", "", string},
    {"format", "*", format},
    {"center", "width", center},
    {"wordcount", "", word_count},
    {"truncate", "length killwords end leeway", truncate},
}};

}  // namespace

std::span<const Function> text_filters() {
  return kFilters;
}

}  // namespace redbolt::llm::jinja
