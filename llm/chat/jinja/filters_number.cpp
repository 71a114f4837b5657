// Filters of numbers, and those that make numbers.
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "chat/jinja/characters.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/function.hpp"
#include "chat/jinja/number_text.hpp"
#include "chat/jinja/operators.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

std::optional<std::int64_t> truncated(double number) {
  if (!(number > -9.2e18 && number < 9.2e18)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

Value to_integer(Runtime&, const Value& subject, const Given& given) {
  const Value fallback = given.find(0) ? *given.find(0) : Value(std::int64_t{0});
  const std::int64_t base = given.integer(1, 10);
  if (const Text* const text = as_text(subject)) {
    if (const auto integer = parse_integer(text->bytes(), base)) return *integer;
    const auto number = parse_float(text->bytes());
    const auto whole = number ? truncated(*number) : std::nullopt;
    return whole ? Value(*whole) : fallback;
  }
  if (const auto integer = as_integer(subject)) return *integer;
  if (const double* const number = as<double>(subject)) {
    const auto whole = truncated(*number);
    return whole ? Value(*whole) : fallback;
  }
  return as<LongInteger>(subject) ? subject : fallback;
}

Value to_float(Runtime&, const Value& subject, const Given& given) {
  const Value fallback = given.find(0) ? *given.find(0) : Value(0.0);
  if (const Text* const text = as_text(subject)) {
    const auto number = parse_float(text->bytes());
    return number ? Value(*number) : fallback;
  }
  const auto number = as_number(subject);
  return number ? Value(*number) : fallback;
}

Value absolute(Runtime&, const Value& subject, const Given&) {
  require_defined(subject);
  if (const auto integer = as_integer(subject)) {
    return *integer < 0 ? unary(UnaryOperator::negate, *integer) : Value(*integer);
  }
  if (const double* const number = as<double>(subject)) return std::fabs(*number);
  throw Failure("bad operand type for abs(): '" + std::string(type_name(subject)) + "'");
}

// To the nearest decimal with so many digits; ties, which binary fractions seldom are, to even.
double rounded(double number, int digits) {
  char buffer[512];
  const int size = std::snprintf(buffer, sizeof buffer, "%.*f", digits, number);
  if (size < 0 || static_cast<std::size_t>(size) >= sizeof buffer) return number;
  return std::strtod(buffer, nullptr);
}

Value round(Runtime& runtime, const Value& subject, const Given& given) {
  require_defined(subject);
  const auto number = as_number(subject);
  if (!number) throw Failure("round: expected a number");
  const std::int64_t digits = given.integer(0, 0);
  if (digits < -100 || digits > 100) throw Failure("round: the precision is out of range");
  const std::string method = given.find(1) ? given.text(1).bytes() : "common";
  const double scale = std::pow(10.0, static_cast<double>(digits));
  runtime.work(1);
  if (method == "common") {
    if (as_integer(subject) && digits >= 0) return subject;
    if (digits >= 0) return rounded(*number, static_cast<int>(digits));
    const double result = std::nearbyint(*number * scale) / scale;
    return as_integer(subject) ? Value(static_cast<std::int64_t>(result)) : Value(result);
  }
  if (method == "ceil") return std::ceil(*number * scale) / scale;
  if (method == "floor") return std::floor(*number * scale) / scale;
  throw Failure("round: the method must be common, ceil or floor");
}

constexpr std::array<Function, 4> kFilters = {{
    {"int", "default base", to_integer},
    {"float", "default", to_float},
    {"abs", "", absolute},
    {"round", "precision method", round},
}};

}  // namespace

std::span<const Function> number_filters() {
  return kFilters;
}

}  // namespace redbolt::llm::jinja
