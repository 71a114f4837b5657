#include "chat/jinja/operators.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "chat/jinja/failure.hpp"
#include "chat/jinja/format.hpp"
#include "chat/jinja/write.hpp"
#include "redbolt/base/checked.hpp"

namespace redbolt::llm::jinja {
namespace {

std::string_view symbol(BinaryOperator operation) {
  constexpr std::array<std::string_view, 7> kSymbols = {"+",  "-", "*",          "/",
                                                        "//", "%", "** or pow()"};
  return kSymbols.at(static_cast<std::size_t>(operation));
}

std::int64_t fitting(std::optional<std::int64_t> result) {
  if (!result) throw Failure("an integer leaves 64 bits");
  return *result;
}

std::int64_t floor_quotient(std::int64_t a, std::int64_t b) {
  if (b == 0) throw Failure("integer division or modulo by zero");
  if (b == -1) return fitting(a == INT64_MIN ? std::nullopt : std::optional(-a));
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

std::int64_t floor_remainder(std::int64_t a, std::int64_t b) {
  if (b == 0) throw Failure("integer division or modulo by zero");
  if (b == -1) return 0;
  const std::int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

std::int64_t integer_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0) result = fitting(checked_multiply(result, base));
    exponent >>= 1;
    if (exponent > 0) base = fitting(checked_multiply(base, base));
  }
  return result;
}

double divide(double a, double b) {
  if (b == 0) throw Failure("division by zero");
  return a / b;
}

double float_remainder(double a, double b) {
  if (b == 0) throw Failure("float modulo");
  double remainder = std::fmod(a, b);
  if (remainder != 0 && (remainder < 0) != (b < 0)) remainder += b;
  return remainder == 0 ? std::copysign(0.0, b) : remainder;
}

double float_power(double a, double b) {
  if (a == 0 && b < 0) throw Failure("0.0 cannot be raised to a negative power");
  const double result = std::pow(a, b);
  if (std::isnan(result) && !std::isnan(a) && !std::isnan(b)) {
    throw Failure("a power is no real number");
  }
  return result;
}

Value integers(BinaryOperator operation, std::int64_t a, std::int64_t b) {
  switch (operation) {
    case BinaryOperator::add:
      return fitting(checked_add(a, b));
    case BinaryOperator::subtract: {
      std::int64_t difference = 0;
      const bool overflows = __builtin_sub_overflow(a, b, &difference);
      return fitting(overflows ? std::nullopt : std::optional(difference));
    }
    case BinaryOperator::multiply:
      return fitting(checked_multiply(a, b));
    case BinaryOperator::divide:
      return divide(static_cast<double>(a), static_cast<double>(b));
    case BinaryOperator::floor_divide:
      return floor_quotient(a, b);
    case BinaryOperator::modulo:
      return floor_remainder(a, b);
    default:
      break;
  }
  if (b < 0) return float_power(static_cast<double>(a), static_cast<double>(b));
  return integer_power(a, b);
}

Value numbers(BinaryOperator operation, double a, double b) {
  switch (operation) {
    case BinaryOperator::add:
      return a + b;
    case BinaryOperator::subtract:
      return a - b;
    case BinaryOperator::multiply:
      return a * b;
    case BinaryOperator::divide:
      return divide(a, b);
    case BinaryOperator::floor_divide:
      return std::floor(divide(a, b));
    case BinaryOperator::modulo:
      return float_remainder(a, b);
    default:
      return float_power(a, b);
  }
}

std::optional<Value> add_sequences(Runtime& runtime, const Value& left, const Value& right) {
  const Text* const text = as_text(left);
  const Text* const other_text = as_text(right);
  if (text && other_text) {
    if (text->size() + other_text->size() > kLongest) throw Failure("a text grows beyond 64 MiB");
    Text sum = *text;
    sum.append(*other_text);
    return runtime.text(std::move(sum));
  }
  const List* const list = as_list(left);
  const List* const other = as_list(right);
  if (!list || !other) return std::nullopt;
  const bool is_list = list->kind == List::Kind::list;
  if (is_list != (other->kind == List::Kind::list)) return std::nullopt;
  std::vector<Value> items = list->items;
  items.insert(items.end(), other->items.begin(), other->items.end());
  return runtime.list(std::move(items), is_list ? List::Kind::list : List::Kind::tuple);
}

Value repeat(Runtime& runtime, const Value& sequence, std::int64_t times) {
  times = std::max<std::int64_t>(times, 0);
  const Text* const text = as_text(sequence);
  const List* const list = as_list(sequence);
  const std::size_t size = text ? text->size() : list->items.size() * sizeof(Value);
  if (size == 0) return sequence;
  const auto total = checked_multiply<std::uint64_t>(size, static_cast<std::uint64_t>(times));
  if (!total || *total > kLongest) throw Failure("a repeated sequence grows beyond 64 MiB");
  runtime.scan(*total);
  if (text) {
    Text result;
    for (std::int64_t i = 0; i < times; ++i) result.append(*text);
    return runtime.text(std::move(result));
  }
  std::vector<Value> items;
  for (std::int64_t i = 0; i < times; ++i) {
    items.insert(items.end(), list->items.begin(), list->items.end());
  }
  return runtime.list(std::move(items), list->kind);
}

std::optional<Value> sequences(Runtime& runtime, BinaryOperator operation, const Value& left,
                               const Value& right) {
  const auto is_sequence = [](const Value& value) { return as_text(value) || as_list(value); };
  if (operation == BinaryOperator::add) return add_sequences(runtime, left, right);
  if (operation == BinaryOperator::modulo && as_text(left)) {
    return runtime.text(percent_format(runtime, *as_text(left), right));
  }
  if (operation != BinaryOperator::multiply) return std::nullopt;
  if (is_sequence(left) && as_integer(right)) return repeat(runtime, left, *as_integer(right));
  if (is_sequence(right) && as_integer(left)) return repeat(runtime, right, *as_integer(left));
  return std::nullopt;
}

}  // namespace

Value binary(Runtime& runtime, BinaryOperator operation, const Value& left, const Value& right) {
  require_defined(left);
  if (as_text(left) == nullptr || operation != BinaryOperator::modulo) require_defined(right);
  const auto left_integer = as_integer(left);
  const auto right_integer = as_integer(right);
  if (left_integer && right_integer) return integers(operation, *left_integer, *right_integer);
  if (as<LongInteger>(left) || as<LongInteger>(right)) throw Failure("an integer leaves 64 bits");
  const auto left_number = as_number(left);
  const auto right_number = as_number(right);
  if (left_number && right_number) return numbers(operation, *left_number, *right_number);
  if (auto result = sequences(runtime, operation, left, right)) return std::move(*result);
  if (operation == BinaryOperator::add && as_text(left)) {
    throw Failure("can only concatenate str (not \"" + std::string(type_name(right)) +
                  "\") to str");
  }
  throw Failure("unsupported operand type(s) for " + std::string(symbol(operation)) + ": '" +
                std::string(type_name(left)) + "' and '" + std::string(type_name(right)) + "'");
}

Value unary(UnaryOperator operation, const Value& operand) {
  if (operation == UnaryOperator::logical_not) return !truth(operand);
  require_defined(operand);
  const bool negates = operation == UnaryOperator::negate;
  if (const auto integer = as_integer(operand)) {
    if (negates && *integer == INT64_MIN) throw Failure("an integer leaves 64 bits");
    return negates ? -*integer : *integer;
  }
  if (const double* const number = as<double>(operand)) return negates ? -*number : *number;
  throw Failure("bad operand type for unary " + std::string(negates ? "-" : "+") + ": '" +
                std::string(type_name(operand)) + "'");
}

bool compare(Runtime& runtime, Comparison comparison, const Value& left, const Value& right) {
  switch (comparison) {
    case Comparison::equal:
      return equal(runtime, left, right);
    case Comparison::not_equal:
      return !equal(runtime, left, right);
    case Comparison::less:
      return less(runtime, left, right);
    case Comparison::less_equal:
      return less(runtime, left, right) || equal(runtime, left, right);
    case Comparison::greater:
      return less(runtime, right, left);
    case Comparison::greater_equal:
      return less(runtime, right, left) || equal(runtime, left, right);
    case Comparison::in:
      return contains(runtime, right, left);
    case Comparison::not_in:
      break;
  }
  return !contains(runtime, right, left);
}

}  // namespace redbolt::llm::jinja
