#include "chat/jinja/access.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "chat/jinja/characters.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/function.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

Value loop_attribute(const Loop& loop, std::string_view name) {
  const auto index = static_cast<std::int64_t>(loop.index);
  const auto count = static_cast<std::int64_t>(loop.items->size());
  const auto neighbour = [&](std::int64_t position) -> Value {
    if (position < 0) return undefined("there is no previous item");
    if (position >= count) return undefined("there is no next item");
    return (*loop.items)[static_cast<std::size_t>(position)];
  };
  const std::array<std::pair<std::string_view, Value>, 9> attributes = {{
      {"index", index + 1},
      {"index0", index},
      {"revindex", count - index},
      {"revindex0", count - index - 1},
      {"first", index == 0},
      {"last", index + 1 == count},
      {"length", count},
      // Of recursive loops, which there are none of.
      {"depth", std::int64_t{1}},
      {"depth0", std::int64_t{0}},
  }};
  for (const auto& [key, value] : attributes) {
    if (key == name) return value;
  }
  if (name == "previtem") return neighbour(index - 1);
  if (name == "nextitem") return neighbour(index + 1);
  return undefined("loop has no attribute '" + std::string(name) + "'");
}

std::optional<Value> method_of(Runtime& runtime, const Value& object, std::string_view name) {
  const Function* const method = find_method(object, name);
  if (method == nullptr) return std::nullopt;
  return runtime.callable(std::string(name),
                          [method, object](Runtime& run, const Arguments& arguments) {
                            return apply(run, *method, object, arguments);
                          });
}

Value missing(const Value& object, std::string_view name) {
  if (name.starts_with("__")) {
    throw Failure("access to attribute '" + std::string(name) + "' is not allowed");
  }
  return undefined(std::string("'") + std::string(type_name(object)) +
                   " object' has no attribute '" + std::string(name) + "'");
}

std::optional<std::size_t> wrapped(std::int64_t index, std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  if (index < 0) index += count;
  if (index < 0 || index >= count) return std::nullopt;
  return static_cast<std::size_t>(index);
}

Value character(Runtime& runtime, const Text& text, std::int64_t index) {
  runtime.scan(text.size());
  const std::size_t count = index < 0 ? count_characters(text.bytes()) : text.size();
  const auto place = wrapped(index, count);
  const std::size_t at = place ? position_of(text.bytes(), *place) : text.size();
  if (at >= text.size()) return undefined("the string has no character " + std::to_string(index));
  return runtime.text(text.slice(at, character_at(text.bytes(), at).length));
}

// Where a slice goes: Python's rules for bounds beyond the ends.
struct Range {
  std::int64_t start, stop, step;
};

Range resolve(const Value& start, const Value& stop, const Value& step, std::int64_t count) {
  const auto bound = [](const Value& value) -> std::optional<std::int64_t> {
    if (is_none(value)) return std::nullopt;
    return require_integer(value, "slice");
  };
  Range range{0, 0, bound(step).value_or(1)};
  if (range.step == 0) throw Failure("slice step cannot be zero");
  const bool backwards = range.step < 0;
  const std::int64_t lowest = backwards ? -1 : 0;
  const std::int64_t highest = backwards ? count - 1 : count;
  const auto clamp = [&](std::int64_t at) {
    if (at < 0) at = at < -count ? lowest : at + count;
    return std::clamp(at, lowest, highest);
  };
  const auto first = bound(start);
  const auto last = bound(stop);
  range.start = first ? clamp(*first) : backwards ? highest : lowest;
  range.stop = last ? clamp(*last) : backwards ? lowest : highest;
  return range;
}

std::vector<std::size_t> places(const Range& range) {
  std::vector<std::size_t> result;
  for (std::int64_t at = range.start; range.step > 0 ? at < range.stop : at > range.stop;) {
    result.push_back(static_cast<std::size_t>(at));
    if (__builtin_add_overflow(at, range.step, &at)) break;
  }
  return result;
}

Value slice_text(Runtime& runtime, const Text& text, const Value& start, const Value& stop,
                 const Value& step) {
  runtime.scan(text.size());
  const std::string_view bytes = text.bytes();
  const auto count = static_cast<std::int64_t>(count_characters(bytes));
  const Range range = resolve(start, stop, step, count);
  if (range.step == 1) {
    if (range.stop <= range.start) return runtime.text({});
    const std::size_t from = position_of(bytes, static_cast<std::size_t>(range.start));
    const std::size_t length =
        position_of(bytes.substr(from), static_cast<std::size_t>(range.stop - range.start));
    return runtime.text(text.slice(from, length));
  }
  runtime.work(static_cast<std::uint64_t>(count));
  std::vector<Character> characters;
  for (std::size_t at = 0; at < bytes.size(); at += characters.back().length) {
    characters.push_back(character_at(bytes, at));
  }
  Text result;
  for (const std::size_t place : places(range)) {
    result.append(text, characters[place].position, characters[place].length);
  }
  return runtime.text(std::move(result));
}

}  // namespace

Value attribute(Runtime& runtime, const Value& object, std::string_view name) {
  require_defined(object);
  if (const auto* const loop = as<Loop*>(object)) {
    if (auto method = method_of(runtime, object, name)) return *method;
    return loop_attribute(**loop, name);
  }
  if (auto method = method_of(runtime, object, name)) return *method;
  if (const Dict* const dict = as_dict(object)) {
    if (const Value* const value = dict->find(name)) return *value;
  }
  if (const List* const list = as_list(object); list && list->kind == List::Kind::group) {
    if (name == "grouper") return list->items[0];
    if (name == "list") return list->items[1];
  }
  if (const auto* const cycler = as<Cycler*>(object); cycler && name == "current") {
    return (*cycler)->items[(*cycler)->index];
  }
  return missing(object, name);
}

Value item(Runtime& runtime, const Value& object, const Value& index) {
  require_defined(object);
  if (const Text* const text = as_text(index)) runtime.scan(text->size());
  const List* const index_list = as_list(index);
  const bool unhashable =
      as_dict(index) != nullptr || (index_list && index_list->kind == List::Kind::list);
  if (const Dict* const dict = as_dict(object); dict && !dict->is_namespace()) {
    const Value* const value = unhashable ? nullptr : dict->find(index);
    if (value != nullptr) return *value;
  } else if (const auto position = as_integer(index)) {
    if (const Text* const text = as_text(object)) return character(runtime, *text, *position);
    if (const List* const list = as_list(object)) {
      const auto place = wrapped(*position, list->items.size());
      if (place) return list->items[*place];
    }
  }
  if (const Text* const name = as_text(index)) {
    if (as_dict(object) && !as_dict(object)->is_namespace()) {
      if (auto method = method_of(runtime, object, name->bytes())) return *method;
      return missing(object, name->bytes());
    }
    return attribute(runtime, object, name->bytes());
  }
  require_defined(index);
  const std::string_view type = type_name(object);
  return undefined(std::string(type) + " object has no element " + to_text(index).bytes());
}

Value item_by_path(Runtime& runtime, const Value& object, const Value& path) {
  const Text* const text = as_text(path);
  if (text == nullptr) return item(runtime, object, path);
  Value current = object;
  std::string_view rest = text->bytes();
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    std::int64_t number = 0;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), number);
    const bool is_number = !part.empty() && read.ec == std::errc() && part.front() != '-' &&
                           read.ptr == part.data() + part.size();
    const Value key = is_number ? Value(number) : runtime.markup(part);
    current = item(runtime, current, key);
    if (dot == std::string_view::npos) return current;
    rest.remove_prefix(dot + 1);
  }
}

Value slice(Runtime& runtime, const Value& object, const Value& start, const Value& stop,
            const Value& step) {
  require_defined(object);
  if (const Text* const text = as_text(object)) {
    return slice_text(runtime, *text, start, stop, step);
  }
  const List* const list = as_list(object);
  if (list == nullptr) {
    return undefined(std::string("'") + std::string(type_name(object)) +
                     "' object cannot be sliced");
  }
  std::vector<Value> items;
  const auto count = static_cast<std::int64_t>(list->items.size());
  for (const std::size_t place : places(resolve(start, stop, step, count))) {
    items.push_back(list->items[place]);
  }
  const bool is_list = list->kind == List::Kind::list;
  return runtime.list(std::move(items), is_list ? List::Kind::list : List::Kind::tuple);
}

std::vector<Value> items_of(Runtime& runtime, const Value& value) {
  std::vector<Value> items;
  if (const Text* const text = as_text(value)) {
    for (std::size_t at = 0; at < text->size();) {
      const Character character = character_at(text->bytes(), at);
      items.push_back(runtime.text(text->slice(at, character.length)));
      at += character.length;
    }
  } else if (const List* const list = as_list(value)) {
    runtime.work(1 + list->items.size() / 8);
    items = list->items;
  } else if (const Dict* const dict = as_dict(value); dict && !dict->is_namespace()) {
    runtime.work(1 + dict->entries().size() / 8);
    for (const auto& [key, held] : dict->entries()) items.push_back(key);
  } else if (!is_undefined(value)) {
    throw Failure("'" + std::string(type_name(value)) + "' object is not iterable");
  }
  return items;
}

std::int64_t length(Runtime& runtime, const Value& value) {
  if (const Text* const text = as_text(value)) {
    runtime.scan(text->size());
    return static_cast<std::int64_t>(count_characters(text->bytes()));
  }
  if (const List* const list = as_list(value)) {
    return static_cast<std::int64_t>(list->items.size());
  }
  if (const Dict* const dict = as_dict(value); dict && !dict->is_namespace()) {
    return static_cast<std::int64_t>(dict->entries().size());
  }
  if (is_undefined(value)) return 0;
  throw Failure("object of type '" + std::string(type_name(value)) + "' has no len()");
}

}  // namespace redbolt::llm::jinja
