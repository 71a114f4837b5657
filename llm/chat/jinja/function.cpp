#include "chat/jinja/function.hpp"

#include <algorithm>
#include <array>

#include "chat/jinja/failure.hpp"

namespace redbolt::llm::jinja {
namespace {

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    if (space > 0) result.push_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return result;
}

}  // namespace

Given::Given(std::string_view function, std::string_view parameters, const Arguments& arguments)
    : function_(function), arguments_(arguments) {
  if (parameters == "*") return;
  const auto names = words(parameters);
  values_.resize(names.size());
  if (arguments.positional.size() > names.size()) {
    throw Failure(std::string(function) + " takes at most " + std::to_string(names.size()) +
                  " arguments, not " + std::to_string(arguments.positional.size()));
  }
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
    values_[i] = &arguments.positional[i];
  }
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) {
      throw Failure(std::string(function) + " has no argument '" + name + "'");
    }
    values_[static_cast<std::size_t>(found - names.begin())] = &value;
  }
}

const Value& Given::require(std::size_t index) const {
  if (values_[index] == nullptr) {
    throw Failure(std::string(function_) + " needs " + std::to_string(index + 1) + " argument" +
                  (index == 0 ? "" : "s"));
  }
  return *values_[index];
}

std::int64_t Given::integer(std::size_t index, std::int64_t fallback) const {
  return values_[index] == nullptr ? fallback : require_integer(*values_[index], function_);
}

bool Given::flag(std::size_t index, bool fallback) const {
  return values_[index] == nullptr ? fallback : truth(*values_[index]);
}

const Text& Given::text(std::size_t index) const {
  return require_text(require(index), function_);
}

const Function* find_function(std::span<const Function> table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Function::name);
  return found == table.end() ? nullptr : &*found;
}

Value apply(Runtime& runtime, const Function& function, const Value& subject,
            const Arguments& arguments) {
  runtime.work(1);
  return function.apply(runtime, subject, Given(function.name, function.parameters, arguments));
}

std::int64_t require_integer(const Value& value, std::string_view what) {
  require_defined(value);
  const auto integer = as_integer(value);
  if (!integer) {
    throw Failure(std::string(what) + ": expected an integer, not '" +
                  std::string(type_name(value)) + "'");
  }
  return *integer;
}

const Text& require_text(const Value& value, std::string_view what) {
  require_defined(value);
  const Text* const text = as_text(value);
  if (text == nullptr) {
    throw Failure(std::string(what) + ": expected a string, not '" + std::string(type_name(value)) +
                  "'");
  }
  return *text;
}

const Function* find_filter(std::string_view name) {
  for (const auto& table : {text_filters(), sequence_filters(), order_filters(),
                            selection_filters(), number_filters()}) {
    if (const Function* const found = find_function(table, name)) return found;
  }
  return nullptr;
}

const Function* find_method(const Value& object, std::string_view name) {
  if (as_text(object) != nullptr) {
    const Function* const found = find_function(text_methods(), name);
    return found != nullptr ? found : find_function(text_search_methods(), name);
  }
  if (const List* const list = as_list(object)) {
    const Function* const found = find_function(list_methods(), name);
    const bool changes = found != nullptr && name != "index" && name != "count";
    return list->kind != List::Kind::list && changes ? nullptr : found;
  }
  if (const Dict* const dict = as_dict(object)) {
    return dict->is_namespace() ? nullptr : find_function(dict_methods(), name);
  }
  if (as<Loop*>(object) != nullptr) return find_function(loop_methods(), name);
  if (as<Cycler*>(object) != nullptr) return find_function(cycler_methods(), name);
  return nullptr;
}

}  // namespace redbolt::llm::jinja
