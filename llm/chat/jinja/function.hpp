// Rows of the tables of filters, tests and methods, and the arguments that they are given.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat/jinja/runtime.hpp"
#include "chat/jinja/value.hpp"

namespace redbolt::llm::jinja {

// The arguments of a call, by the parameters of the function.
class Given {
 public:
  // `parameters`: names with spaces between them; "*": whatever is given. Throws Failure when there
  // are more arguments, or others. Both must outlive this.
  Given(std::string_view function, std::string_view parameters, const Arguments& arguments);

  // Null when it is not given.
  const Value* find(std::size_t index) const { return values_[index]; }
  // Throws Failure when it is not given.
  const Value& require(std::size_t index) const;
  std::int64_t integer(std::size_t index, std::int64_t fallback) const;
  bool flag(std::size_t index, bool fallback) const;
  // A string that must be given.
  const Text& text(std::size_t index) const;
  // All of them, as they came.
  const Arguments& all() const { return arguments_; }

 private:
  std::string_view function_;
  const Arguments& arguments_;
  std::vector<const Value*> values_;
};

// One filter, test or method; `subject` is what it is applied to.
struct Function {
  std::string_view name;
  std::string_view parameters;
  Value (*apply)(Runtime& runtime, const Value& subject, const Given& given);
};

// Null when the table has no such row.
const Function* find_function(std::span<const Function> table, std::string_view name);
Value apply(Runtime& runtime, const Function& function, const Value& subject,
            const Arguments& arguments);

std::int64_t require_integer(const Value& value, std::string_view what);
const Text& require_text(const Value& value, std::string_view what);

// Null when there is no such filter or test.
const Function* find_filter(std::string_view name);
const Function* find_test(std::string_view name);
// Null when values of this kind have no such method.
const Function* find_method(const Value& object, std::string_view name);

// The parts of the tables.
std::span<const Function> text_filters();
std::span<const Function> sequence_filters();
std::span<const Function> order_filters();
std::span<const Function> selection_filters();
std::span<const Function> number_filters();
std::span<const Function> text_methods();
std::span<const Function> text_search_methods();
std::span<const Function> list_methods();
std::span<const Function> dict_methods();
std::span<const Function> loop_methods();
std::span<const Function> cycler_methods();

}  // namespace redbolt::llm::jinja
