// Filters of lists and mappings, and what makes text of values.
#include <algorithm>
#include <array>
#include <string>

#include "chat/jinja/access.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/function.hpp"
#include "chat/jinja/operators.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

Value fallback(Runtime& runtime, const Value& subject, const Given& given) {
  const bool replaced = is_undefined(subject) || (given.flag(1, false) && !truth(subject));
  if (!replaced) return subject;
  return given.find(0) ? *given.find(0) : runtime.markup("");
}

Value count(Runtime& runtime, const Value& subject, const Given&) {
  return length(runtime, subject);
}

Value list(Runtime& runtime, const Value& subject, const Given&) {
  return runtime.list(items_of(runtime, subject));
}

Value items(Runtime& runtime, const Value& subject, const Given&) {
  if (is_undefined(subject)) return runtime.list({});
  const Dict* const dict = as_dict(subject);
  if (dict == nullptr) throw Failure("Can only get item pairs from a mapping.");
  std::vector<Value> pairs;
  for (const auto& [key, value] : dict->entries()) {
    pairs.push_back(runtime.list({key, value}, List::Kind::tuple));
  }
  return runtime.list(std::move(pairs));
}

Value first(Runtime& runtime, const Value& subject, const Given&) {
  const std::vector<Value> all = items_of(runtime, subject);
  return all.empty() ? Value(undefined("No first item, sequence was empty.")) : all.front();
}

Value last(Runtime& runtime, const Value& subject, const Given&) {
  const std::vector<Value> all = items_of(runtime, subject);
  return all.empty() ? Value(undefined("No last item, sequence was empty.")) : all.back();
}

Value join(Runtime& runtime, const Value& subject, const Given& given) {
  const Text separator = given.find(0) ? to_text(*given.find(0)) : Text();
  const Value* const path = given.find(1);
  Text result;
  bool starts = true;
  for (const Value& part : items_of(runtime, subject)) {
    if (!starts) result.append(separator);
    starts = false;
    const Value written = path ? item_by_path(runtime, part, *path) : part;
    runtime.scan(separator.size());
    result.append(to_text(written));
    if (result.size() > kLongest) throw Failure("a text grows beyond 64 MiB");
  }
  return runtime.text(std::move(result));
}

Value reverse(Runtime& runtime, const Value& subject, const Given&) {
  if (as_text(subject)) {
    return slice(runtime, subject, None(), None(), std::int64_t{-1});
  }
  std::vector<Value> all = items_of(runtime, subject);
  std::ranges::reverse(all);
  return runtime.list(std::move(all));
}

Value attribute_of(Runtime& runtime, const Value& subject, const Given& given) {
  return attribute(runtime, subject, given.text(0).bytes());
}

Value sum(Runtime& runtime, const Value& subject, const Given& given) {
  Value total = given.find(1) ? *given.find(1) : Value(std::int64_t{0});
  const Value* const path = given.find(0);
  const bool by_path = path != nullptr && !is_none(*path);
  for (const Value& part : items_of(runtime, subject)) {
    total = binary(runtime, BinaryOperator::add, total,
                   by_path ? item_by_path(runtime, part, *path) : part);
  }
  return total;
}

// Rows of so many items; the last one filled up when there is something to fill it with.
Value batch(Runtime& runtime, const Value& subject, const Given& given) {
  const std::int64_t size = require_integer(given.require(0), "batch");
  if (size < 1 || size > 100'000) throw Failure("batch: the size is out of range");
  std::vector<Value> rows;
  std::vector<Value> row;
  const auto close = [&] { rows.emplace_back(runtime.list(std::exchange(row, {}))); };
  for (const Value& part : items_of(runtime, subject)) {
    if (static_cast<std::int64_t>(row.size()) == size) close();
    row.push_back(part);
  }
  const bool filled = given.find(1) && !is_none(*given.find(1));
  while (filled && !row.empty() && static_cast<std::int64_t>(row.size()) < size) {
    row.push_back(*given.find(1));
  }
  if (!row.empty()) close();
  return runtime.list(std::move(rows));
}

// So many columns, the first ones longer by one where it does not come out even.
Value columns(Runtime& runtime, const Value& subject, const Given& given) {
  const std::int64_t slices = require_integer(given.require(0), "slice");
  if (slices < 1 || slices > 100'000) throw Failure("slice: the number is out of range");
  const std::vector<Value> all = items_of(runtime, subject);
  const auto number = static_cast<std::size_t>(slices);
  const std::size_t each = all.size() / number;
  const std::size_t longer = all.size() % number;
  std::vector<Value> result;
  std::size_t at = 0;
  for (std::size_t i = 0; i < number; ++i) {
    const std::size_t size = each + (i < longer ? 1 : 0);
    std::vector<Value> column(all.begin() + static_cast<std::ptrdiff_t>(at),
                              all.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
    const bool filled = given.find(1) && !is_none(*given.find(1)) && i >= longer && longer > 0;
    if (filled) column.push_back(*given.find(1));
    result.emplace_back(runtime.list(std::move(column)));
  }
  return runtime.list(std::move(result));
}

// Transformers' own, which escapes nothing but what JSON must: json.dumps with these options.
Value to_json_text(Runtime& runtime, const Value& subject, const Given& given) {
  JsonStyle style;
  const auto present = [&](std::size_t index) {
    return given.find(index) != nullptr && !is_none(*given.find(index));
  };
  style.ensure_ascii = given.flag(0, false);
  if (present(1)) {
    if (const Text* const text = as_text(*given.find(1))) {
      style.indent = text->bytes();
    } else {
      const std::int64_t width = given.integer(1, 0);
      if (width > 1000) throw Failure("an indentation is too wide");
      style.indent = std::string(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
    }
  }
  if (present(2)) {
    const std::vector<Value> separators = items_of(runtime, *given.find(2));
    if (separators.size() != 2) throw Failure("tojson needs two separators");
    style.item_separator = require_text(separators[0], "tojson").bytes();
    style.key_separator = require_text(separators[1], "tojson").bytes();
  }
  style.sort_keys = given.flag(3, false);
  return runtime.text(to_json(subject, style));
}

constexpr std::array<Function, 15> kFilters = {{
    {"default", "default_value boolean", fallback},
    {"d", "default_value boolean", fallback},
    {"length", "", count},
    {"count", "", count},
    {"list", "", list},
    {"items", "", items},
    {"first", "", first},
    {"last", "", last},
    {"join", "d attribute", join},
    {"reverse", "", reverse},
    {"attr", "name", attribute_of},
    {"sum", "attribute start", sum},
    {"batch", "linecount fill_with", batch},
    {"slice", "slices fill_with", columns},
    {"tojson", "ensure_ascii indent separators sort_keys", to_json_text},
}};

}  // namespace

std::span<const Function> sequence_filters() {
  return kFilters;
}

}  // namespace redbolt::llm::jinja
