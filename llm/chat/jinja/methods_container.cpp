// Methods of lists, mappings, loops and cyclers.
#include <algorithm>
#include <array>
#include <string>

#include "chat/jinja/access.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/function.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

List& list_of(const Value& subject) {
  return **as<List*>(subject);
}

Dict& dict_of(const Value& subject) {
  return **as<Dict*>(subject);
}

Value append(Runtime& runtime, const Value& subject, const Given& given) {
  runtime.append(list_of(subject), given.require(0));
  return None();
}

Value extend(Runtime& runtime, const Value& subject, const Given& given) {
  for (const Value& item : items_of(runtime, given.require(0))) {
    runtime.append(list_of(subject), item);
  }
  return None();
}

Value insert(Runtime& runtime, const Value& subject, const Given& given) {
  List& list = list_of(subject);
  const auto size = static_cast<std::int64_t>(list.items.size());
  std::int64_t at = require_integer(given.require(0), "insert");
  if (at < 0) at = at < -size ? 0 : at + size;
  at = std::min(at, size);
  const Value& item = given.require(1);
  runtime.work(1 + list.items.size() / 8);
  runtime.allocate(2 * sizeof(Value));
  list.items.insert(list.items.begin() + at, item);
  return None();
}

Value pop_list(Runtime& runtime, const Value& subject, const Given& given) {
  List& list = list_of(subject);
  const auto size = static_cast<std::int64_t>(list.items.size());
  std::int64_t at = given.integer(0, -1);
  if (at < 0) at += size;
  if (at < 0 || at >= size) throw Failure("pop index out of range");
  runtime.work(1 + list.items.size() / 8);
  const Value item = list.items[static_cast<std::size_t>(at)];
  list.items.erase(list.items.begin() + at);
  return item;
}

Value reverse_list(Runtime& runtime, const Value& subject, const Given&) {
  runtime.work(1 + list_of(subject).items.size() / 8);
  std::ranges::reverse(list_of(subject).items);
  return None();
}

Value index_of(Runtime& runtime, const Value& subject, const Given& given) {
  const List& list = list_of(subject);
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    if (equal(runtime, list.items[i], given.require(0))) return static_cast<std::int64_t>(i);
  }
  throw Failure("the value is not in the list");
}

Value count_of(Runtime& runtime, const Value& subject, const Given& given) {
  return static_cast<std::int64_t>(std::ranges::count_if(
      list_of(subject).items,
      [&](const Value& item) { return equal(runtime, item, given.require(0)); }));
}

Value copy_list(Runtime& runtime, const Value& subject, const Given&) {
  return runtime.list(list_of(subject).items);
}

Value keys(Runtime& runtime, const Value& subject, const Given&) {
  return runtime.list(items_of(runtime, subject));
}

Value values(Runtime& runtime, const Value& subject, const Given&) {
  std::vector<Value> all;
  for (const auto& [key, value] : dict_of(subject).entries()) all.push_back(value);
  return runtime.list(std::move(all));
}

Value items(Runtime& runtime, const Value& subject, const Given& given) {
  return find_filter("items")->apply(runtime, subject, given);
}

void scan_key(Runtime& runtime, const Value& key) {
  if (const Text* const text = as_text(key)) runtime.scan(text->size());
}

Value get(Runtime& runtime, const Value& subject, const Given& given) {
  scan_key(runtime, given.require(0));
  if (const Value* const value = dict_of(subject).find(given.require(0))) return *value;
  return given.find(1) ? *given.find(1) : Value(None());
}

Value pop_dict(Runtime& runtime, const Value& subject, const Given& given) {
  scan_key(runtime, given.require(0));
  runtime.work(1 + dict_of(subject).entries().size());
  if (auto value = dict_of(subject).remove(given.require(0))) return std::move(*value);
  if (given.find(1)) return *given.find(1);
  throw Failure("pop: the mapping has no such key");
}

Value set_default(Runtime& runtime, const Value& subject, const Given& given) {
  if (const Value* const value = dict_of(subject).find(given.require(0))) return *value;
  const Value value = given.find(1) ? *given.find(1) : Value(None());
  runtime.set(dict_of(subject), given.require(0), value);
  return value;
}

Value update(Runtime& runtime, const Value& subject, const Given& given) {
  for (const Value& other : given.all().positional) {
    const Dict* const dict = as_dict(other);
    if (dict == nullptr) throw Failure("update needs a mapping");
    const std::vector<Dict::Entry> entries = dict->entries();
    for (const auto& [key, value] : entries) runtime.set(dict_of(subject), key, value);
  }
  for (const auto& [name, value] : given.all().named) {
    runtime.set(dict_of(subject), runtime.markup(name), value);
  }
  return None();
}

Value copy_dict(Runtime& runtime, const Value& subject, const Given&) {
  Dict* const copy = runtime.dict();
  for (const auto& [key, value] : dict_of(subject).entries()) runtime.set(*copy, key, value);
  return copy;
}

Value cycle(Runtime&, const Value& subject, const Given& given) {
  const auto& choices = given.all().positional;
  if (choices.empty()) throw Failure("no items for cycling given");
  return choices[(*as<Loop*>(subject))->index % choices.size()];
}

Value changed(Runtime& runtime, const Value& subject, const Given& given) {
  Loop& loop = **as<Loop*>(subject);
  const std::vector<Value>& now = given.all().positional;
  const bool same = loop.last_changed && std::ranges::equal(loop.last_changed->positional, now,
                                                            [&](const Value& a, const Value& b) {
                                                              return equal(runtime, a, b);
                                                            });
  if (same) return false;
  loop.last_changed = given.all();
  return true;
}

Value next(Runtime&, const Value& subject, const Given&) {
  Cycler& cycler = **as<Cycler*>(subject);
  const Value item = cycler.items[cycler.index];
  cycler.index = (cycler.index + 1) % cycler.items.size();
  return item;
}

Value reset(Runtime&, const Value& subject, const Given&) {
  (*as<Cycler*>(subject))->index = 0;
  return None();
}

constexpr std::array<Function, 8> kListMethods = {{
    {"append", "item", append},
    {"extend", "iterable", extend},
    {"insert", "index item", insert},
    {"pop", "index", pop_list},
    {"reverse", "", reverse_list},
    {"index", "item", index_of},
    {"count", "item", count_of},
    {"copy", "", copy_list},
}};

constexpr std::array<Function, 8> kDictMethods = {{
    {"keys", "", keys},
    {"values", "", values},
    {"items", "", items},
    {"get", "key default", get},
    {"pop", "key default", pop_dict},
    {"setdefault", "key default", set_default},
    {"update", "*", update},
    {"copy", "", copy_dict},
}};

constexpr std::array<Function, 2> kLoopMethods = {{
    {"cycle", "*", cycle},
    {"changed", "*", changed},
}};

constexpr std::array<Function, 2> kCyclerMethods = {{
    {"next", "", next},
    {"reset", "", reset},
}};

}  // namespace

std::span<const Function> list_methods() {
  return kListMethods;
}

std::span<const Function> dict_methods() {
  return kDictMethods;
}

std::span<const Function> loop_methods() {
  return kLoopMethods;
}

std::span<const Function> cycler_methods() {
  return kCyclerMethods;
}

}  // namespace redbolt::llm::jinja
