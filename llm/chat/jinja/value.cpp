#include "chat/jinja/value.hpp"

#include <algorithm>
#include <cmath>

#include "chat/jinja/failure.hpp"
#include "chat/jinja/runtime.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

constexpr std::size_t kLongestKey = std::size_t{64} << 10U;

// Values that are equal have the same canonical key: 1, 1.0 and True are one key, as in Python.
void append_canonical(std::string& key, const Value& value, int depth) {
  if (depth > kDeepest || key.size() > kLongestKey) throw Failure("a key is too long");
  if (const Text* const text = as_text(value)) {
    key += std::string("s") + std::to_string(text->size()) + ":";
    key += text->bytes();
  } else if (const auto integer = as_integer(value)) {
    key += std::string("i") + std::to_string(*integer) + ";";
  } else if (const double* const number = as<double>(value)) {
    const bool whole = std::floor(*number) == *number && std::fabs(*number) < 9e15;
    key += whole ? std::string("i") + std::to_string(static_cast<std::int64_t>(*number)) + ";"
                 : std::string("f") + float_text(*number) + ";";
  } else if (is_none(value)) {
    key += "n";
  } else if (const auto* const digits = as<LongInteger>(value)) {
    key += std::string("i") + *digits->digits + ";";
  } else if (const List* const list = as_list(value); list && list->kind != List::Kind::list) {
    key += "(";
    for (const Value& item : list->items) append_canonical(key, item, depth + 1);
    key += ")";
  } else {
    require_defined(value);
    throw Failure("unhashable type: '" + std::string(type_name(value)) + "'");
  }
}

std::string canonical(const Value& key) {
  std::string text;
  append_canonical(text, key, 0);
  return text;
}

bool equal_at(Runtime& runtime, const Value& a, const Value& b, int depth);

bool equal_lists(Runtime& runtime, const List& a, const List& b, int depth) {
  const bool both_lists = a.kind == List::Kind::list && b.kind == List::Kind::list;
  const bool both_tuples = a.kind != List::Kind::list && b.kind != List::Kind::list;
  if (!both_lists && !both_tuples) return false;
  return std::ranges::equal(a.items, b.items, [&](const Value& left, const Value& right) {
    return equal_at(runtime, left, right, depth + 1);
  });
}

bool equal_dicts(Runtime& runtime, const Dict& a, const Dict& b, int depth) {
  if (a.is_namespace() || b.is_namespace()) return &a == &b;
  if (a.entries().size() != b.entries().size()) return false;
  return std::ranges::all_of(a.entries(), [&](const Dict::Entry& entry) {
    const Value* const other = b.find(entry.first);
    return other != nullptr && equal_at(runtime, entry.second, *other, depth + 1);
  });
}

bool equal_at(Runtime& runtime, const Value& a, const Value& b, int depth) {
  if (depth > kDeepest) throw Failure("values to compare are nested too deeply");
  runtime.work(1);
  const auto left = as_integer(a);
  const auto right = as_integer(b);
  if (left && right) return *left == *right;
  const auto left_number = as_number(a);
  const auto right_number = as_number(b);
  if (left_number && right_number) return *left_number == *right_number;
  if (a.index() != b.index()) return false;
  if (const Text* const text = as_text(a)) {
    runtime.scan(text->size());
    return text->bytes() == as_text(b)->bytes();
  }
  if (const List* const list = as_list(a)) return equal_lists(runtime, *list, *as_list(b), depth);
  if (const Dict* const dict = as_dict(a)) return equal_dicts(runtime, *dict, *as_dict(b), depth);
  if (const auto* const digits = as<LongInteger>(a)) {
    return *digits->digits == *as<LongInteger>(b)->digits;
  }
  if (is_undefined(a) || is_none(a)) return true;
  if (const auto* const callable = as<Callable*>(a)) return *callable == *as<Callable*>(b);
  return false;
}

bool less_at(Runtime& runtime, const Value& a, const Value& b, int depth) {
  if (depth > kDeepest) throw Failure("values to compare are nested too deeply");
  runtime.work(1);
  const auto left = as_integer(a);
  const auto right = as_integer(b);
  if (left && right) return *left < *right;
  const auto left_number = as_number(a);
  const auto right_number = as_number(b);
  if (left_number && right_number) return *left_number < *right_number;
  const Text* const text = as_text(a);
  const Text* const other_text = as_text(b);
  // The order of UTF-8's bytes is that of the characters.
  if (text && other_text) return text->bytes() < other_text->bytes();
  const List* const list = as_list(a);
  const List* const other = as_list(b);
  if (list && other) {
    const std::size_t shared = std::min(list->items.size(), other->items.size());
    for (std::size_t i = 0; i < shared; ++i) {
      if (!equal_at(runtime, list->items[i], other->items[i], depth + 1)) {
        return less_at(runtime, list->items[i], other->items[i], depth + 1);
      }
    }
    return list->items.size() < other->items.size();
  }
  require_defined(a);
  require_defined(b);
  throw Failure("'<' not supported between instances of '" + std::string(type_name(a)) + "' and '" +
                std::string(type_name(b)) + "'");
}

}  // namespace

const Value* Dict::find_key(const std::string& key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

const Value* Dict::find(const Value& key) const {
  return find_key(canonical(key));
}

const Value* Dict::find(std::string_view key) const {
  std::string text = std::string("s") + std::to_string(key.size()) + ":";
  return find_key(text.append(key));
}

void Dict::set(const Value& key, Value value) {
  const auto [place, added] = index_.try_emplace(canonical(key), entries_.size());
  if (added) {
    entries_.emplace_back(key, std::move(value));
  } else {
    entries_[place->second].second = std::move(value);
  }
}

std::optional<Value> Dict::remove(const Value& key) {
  const auto found = index_.find(canonical(key));
  if (found == index_.end()) return std::nullopt;
  const std::size_t position = found->second;
  Value value = std::move(entries_[position].second);
  index_.erase(found);
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(position));
  for (auto& [name, place] : index_) {
    if (place > position) --place;
  }
  return value;
}

std::optional<std::int64_t> as_integer(const Value& value) {
  if (const bool* const flag = as<bool>(value)) return *flag ? 1 : 0;
  if (const auto* const integer = as<std::int64_t>(value)) return *integer;
  return std::nullopt;
}

std::optional<double> as_number(const Value& value) {
  if (const double* const number = as<double>(value)) return *number;
  if (const auto integer = as_integer(value)) return static_cast<double>(*integer);
  if (const auto* const digits = as<LongInteger>(value)) return std::stod(*digits->digits);
  return std::nullopt;
}

std::string_view type_name(const Value& value) {
  struct Namer {
    std::string_view operator()(const Undefined&) const { return "Undefined"; }
    std::string_view operator()(None) const { return "NoneType"; }
    std::string_view operator()(bool) const { return "bool"; }
    std::string_view operator()(std::int64_t) const { return "int"; }
    std::string_view operator()(double) const { return "float"; }
    std::string_view operator()(const LongInteger&) const { return "int"; }
    std::string_view operator()(const TextPointer&) const { return "str"; }
    std::string_view operator()(const List* list) const {
      return list->kind == List::Kind::list ? "list" : "tuple";
    }
    std::string_view operator()(const Dict* dict) const {
      return dict->is_namespace() ? "Namespace" : "dict";
    }
    std::string_view operator()(const Callable*) const { return "function"; }
    std::string_view operator()(const Loop*) const { return "LoopContext"; }
    std::string_view operator()(const Cycler*) const { return "Cycler"; }
  };
  return std::visit(Namer(), value);
}

bool truth(const Value& value) {
  struct Judge {
    bool operator()(const Undefined&) const { return false; }
    bool operator()(None) const { return false; }
    bool operator()(bool flag) const { return flag; }
    bool operator()(std::int64_t integer) const { return integer != 0; }
    bool operator()(double number) const { return number != 0; }
    bool operator()(const LongInteger&) const { return true; }
    bool operator()(const TextPointer& text) const { return !text->empty(); }
    bool operator()(const List* list) const { return !list->items.empty(); }
    bool operator()(const Dict* dict) const {
      return dict->is_namespace() || !dict->entries().empty();
    }
    bool operator()(const void*) const { return true; }
  };
  return std::visit(Judge(), value);
}

bool equal(Runtime& runtime, const Value& a, const Value& b) {
  return equal_at(runtime, a, b, 0);
}

bool less(Runtime& runtime, const Value& a, const Value& b) {
  return less_at(runtime, a, b, 0);
}

bool contains(Runtime& runtime, const Value& container, const Value& item) {
  if (const Text* const text = as_text(container)) {
    const Text* const part = as_text(item);
    if (part == nullptr) {
      throw Failure("'in <string>' requires string as left operand, not " +
                    std::string(type_name(item)));
    }
    runtime.scan(text->size());
    return text->bytes().find(part->bytes()) != std::string::npos;
  }
  if (const List* const list = as_list(container)) {
    return std::ranges::any_of(list->items,
                               [&](const Value& other) { return equal(runtime, other, item); });
  }
  if (const Dict* const dict = as_dict(container)) return dict->find(item) != nullptr;
  if (is_undefined(container)) return false;
  throw Failure("argument of type '" + std::string(type_name(container)) + "' is not iterable");
}

void require_defined(const Value& value) {
  if (const auto* const missing = as<Undefined>(value)) {
    throw Failure(missing->cause ? *missing->cause : "a value is undefined");
  }
}

Undefined undefined(std::string cause) {
  return {std::make_shared<const std::string>(std::move(cause))};
}

}  // namespace redbolt::llm::jinja
