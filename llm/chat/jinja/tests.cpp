// What can be asked with `is`.
#include <algorithm>
#include <array>
#include <string>

#include "chat/jinja/characters.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/function.hpp"
#include "chat/jinja/operators.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

template <bool (*holds)(const Value&)>
Value ask(Runtime&, const Value& subject, const Given&) {
  return holds(subject);
}

bool is_defined(const Value& value) {
  return !is_undefined(value);
}
bool is_boolean(const Value& value) {
  return as<bool>(value) != nullptr;
}
bool is_true(const Value& value) {
  return is_boolean(value) && truth(value);
}
bool is_false(const Value& value) {
  return is_boolean(value) && !truth(value);
}
bool is_integer(const Value& value) {
  return as<std::int64_t>(value) != nullptr || as<LongInteger>(value) != nullptr;
}
bool is_float(const Value& value) {
  return as<double>(value) != nullptr;
}
bool is_number(const Value& value) {
  return as_number(value).has_value();
}
bool is_string(const Value& value) {
  return as_text(value) != nullptr;
}
bool is_mapping(const Value& value) {
  const Dict* const dict = as_dict(value);
  return dict != nullptr && !dict->is_namespace();
}
bool is_sequence(const Value& value) {
  return is_string(value) || as_list(value) != nullptr || is_mapping(value);
}
bool is_iterable(const Value& value) {
  return is_sequence(value) || is_undefined(value);
}
bool is_callable(const Value& value) {
  return as<Callable*>(value) != nullptr;
}

// Whether letters are there, and all of one case.
template <bool (*right)(char32_t), bool (*wrong)(char32_t)>
Value has_case(Runtime& runtime, const Value& subject, const Given&) {
  const Text text = to_text(subject);
  runtime.scan(text.size());
  bool any = false;
  bool all = true;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text.bytes(), at);
    any = any || right(character.code_point);
    all = all && !wrong(character.code_point);
    at += character.length;
  }
  return any && all;
}

template <Comparison comparison>
Value compared(Runtime& runtime, const Value& subject, const Given& given) {
  return compare(runtime, comparison, subject, given.require(0));
}

template <int remainder>
Value even_or_odd(Runtime& runtime, const Value& subject, const Given&) {
  const Value rest = binary(runtime, BinaryOperator::modulo, subject, std::int64_t{2});
  return equal(runtime, rest, std::int64_t{remainder});
}

Value divisible(Runtime& runtime, const Value& subject, const Given& given) {
  const Value rest = binary(runtime, BinaryOperator::modulo, subject, given.require(0));
  return equal(runtime, rest, std::int64_t{0});
}

Value same(Runtime& runtime, const Value& subject, const Given& given) {
  const Value& other = given.require(0);
  if (subject.index() != other.index()) return false;
  if (const auto* const list = as<List*>(subject)) return *list == *as<List*>(other);
  if (const auto* const dict = as<Dict*>(subject)) return *dict == *as<Dict*>(other);
  return equal(runtime, subject, other);
}

template <const Function* (*find)(std::string_view)>
Value known(Runtime&, const Value& subject, const Given&) {
  const Text* const name = as_text(subject);
  return name != nullptr && find(name->bytes()) != nullptr;
}

constexpr std::array<Function, 38> kTests = {{
    {"defined", "", ask<is_defined>},
    {"undefined", "", ask<is_undefined>},
    {"none", "", ask<is_none>},
    {"boolean", "", ask<is_boolean>},
    {"true", "", ask<is_true>},
    {"false", "", ask<is_false>},
    {"integer", "", ask<is_integer>},
    {"float", "", ask<is_float>},
    {"number", "", ask<is_number>},
    {"string", "", ask<is_string>},
    {"mapping", "", ask<is_mapping>},
    {"sequence", "", ask<is_sequence>},
    {"iterable", "", ask<is_iterable>},
    {"callable", "", ask<is_callable>},
    {"upper", "", has_case<is_upper, is_lower>},
    {"lower", "", has_case<is_lower, is_upper>},
    {"even", "", even_or_odd<0>},
    {"odd", "", even_or_odd<1>},
    {"divisibleby", "num", divisible},
    {"sameas", "other", same},
    {"filter", "", known<find_filter>},
    {"test", "", known<find_test>},
    {"in", "seq", compared<Comparison::in>},
    {"eq", "other", compared<Comparison::equal>},
    {"equalto", "other", compared<Comparison::equal>},
    {"==", "other", compared<Comparison::equal>},
    {"ne", "other", compared<Comparison::not_equal>},
    {"!=", "other", compared<Comparison::not_equal>},
    {"lt", "other", compared<Comparison::less>},
    {"lessthan", "other", compared<Comparison::less>},
    {"<", "other", compared<Comparison::less>},
    {"le", "other", compared<Comparison::less_equal>},
    {"<=", "other", compared<Comparison::less_equal>},
    {"gt", "other", compared<Comparison::greater>},
    {"greaterthan", "other", compared<Comparison::greater>},
    {">", "other", compared<Comparison::greater>},
    {"ge", "other", compared<Comparison::greater_equal>},
    {">=", "other", compared<Comparison::greater_equal>},
}};

}  // namespace

const Function* find_test(std::string_view name) {
  return find_function(kTests, name);
}

}  // namespace redbolt::llm::jinja
