// What a template computes with: Python's values, as far as templates see them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "chat/jinja/text.hpp"

namespace redbolt::llm::jinja {

struct List;
class Dict;
struct Callable;
struct Loop;
struct Cycler;

// A name or an attribute that is not there. Harmless until it is computed with.
struct Undefined {
  std::shared_ptr<const std::string> cause;  // "'x' is undefined"; may be null
};
struct None {};
// An integer of JSON text beyond 64 bits: it can be written and compared, not computed with.
struct LongInteger {
  std::shared_ptr<const std::string> digits;
};
using TextPointer = std::shared_ptr<const Text>;

// Strings are shared and never change. Lists and the like belong to the Heap of the run and are
// referred to: a cycle among them costs nothing, and a deep one is freed without recursion.
using Value = std::variant<Undefined, None, bool, std::int64_t, double, LongInteger, TextPointer,
                           List*, Dict*, Callable*, Loop*, Cycler*>;

struct List {
  enum class Kind {
    list,
    tuple,
    group,  // of the filter groupby: a tuple whose items are also .grouper and .list
  };
  std::vector<Value> items;
  Kind kind = Kind::list;
};

// A mapping in the order of insertion, or a namespace.
class Dict {
 public:
  using Entry = std::pair<Value, Value>;
  explicit Dict(bool is_namespace = false) : is_namespace_(is_namespace) {}

  bool is_namespace() const { return is_namespace_; }
  const std::vector<Entry>& entries() const { return entries_; }
  // Keys are strings, numbers, booleans, None, or tuples of such. Throws Failure for others.
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  void set(const Value& key, Value value);
  std::optional<Value> remove(const Value& key);

 private:
  const Value* find_key(const std::string& canonical) const;

  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> index_;  // by canonical key
  bool is_namespace_;
};

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

class Runtime;

// A function, a macro or a method with the object it belongs to.
struct Callable {
  std::string name;
  std::function<Value(Runtime&, const Arguments&)> call;
};

// The variable `loop` of a for statement.
struct Loop {
  const std::vector<Value>* items = nullptr;
  std::size_t index = 0;
  std::optional<Arguments> last_changed;  // of loop.changed()
};

// Of the function cycler().
struct Cycler {
  std::vector<Value> items;
  std::size_t index = 0;
};

// Null when the value is of another kind.
template <class T>
const T* as(const Value& value) {
  return std::get_if<T>(&value);
}
inline const Text* as_text(const Value& value) {
  const auto* const text = std::get_if<TextPointer>(&value);
  return text == nullptr ? nullptr : text->get();
}
inline const List* as_list(const Value& value) {
  const auto* const list = std::get_if<List*>(&value);
  return list == nullptr ? nullptr : *list;
}
inline const Dict* as_dict(const Value& value) {
  const auto* const dict = std::get_if<Dict*>(&value);
  return dict == nullptr ? nullptr : *dict;
}
inline bool is_undefined(const Value& value) {
  return std::holds_alternative<Undefined>(value);
}
inline bool is_none(const Value& value) {
  return std::holds_alternative<None>(value);
}
// Integers and booleans, which Python counts among them.
std::optional<std::int64_t> as_integer(const Value& value);
// Integers, booleans and floating-point numbers.
std::optional<double> as_number(const Value& value);

// Python's name of the type, such as "str".
std::string_view type_name(const Value& value);
bool truth(const Value& value);
// The next three account for their work, and throw Failure when the values are nested too deeply.
bool equal(Runtime& runtime, const Value& a, const Value& b);
// Also for values without an order.
bool less(Runtime& runtime, const Value& a, const Value& b);
// item in container. Also for containers that are none.
bool contains(Runtime& runtime, const Value& container, const Value& item);

// Throws Failure with the cause when the value is undefined.
void require_defined(const Value& value);

Undefined undefined(std::string cause);

}  // namespace redbolt::llm::jinja
