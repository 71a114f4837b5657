#include "chat/jinja/format_spec.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "chat/jinja/characters.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/write.hpp"

namespace redbolt::llm::jinja {
namespace {

std::string digits_of(std::uint64_t number, unsigned base, bool upper) {
  std::string digits;
  do {
    const char* const alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    digits.insert(digits.begin(), alphabet[number % base]);
    number /= base;
  } while (number != 0);
  return digits;
}

std::string print_float(double number, char kind, int precision, bool alternate) {
  const std::string format = std::string(alternate ? "%#.*" : "%.*") + kind;
  const int size = std::snprintf(nullptr, 0, format.c_str(), precision, number);
  std::string text(static_cast<std::size_t>(size) + 1, '\0');
  std::snprintf(text.data(), text.size(), format.c_str(), precision, number);
  text.pop_back();
  return text;
}

void group_thousands(std::string& number) {
  std::size_t end = number.find_first_not_of("0123456789");
  if (end == std::string::npos) end = number.size();
  while (end > 3) {
    end -= 3;
    number.insert(end, 1, ',');
  }
}

// The number without its sign.
std::string unsigned_text(const Value& value, const FormatSpec& spec) {
  const auto integer = as_integer(value);
  const bool as_float =
      std::string_view("fFeEgG%").find(spec.kind) != std::string_view::npos && spec.kind != '\0';
  if (integer && !as_float) {
    const auto magnitude = *integer < 0 ? 0 - static_cast<std::uint64_t>(*integer)
                                        : static_cast<std::uint64_t>(*integer);
    const bool upper = spec.kind == 'X';
    const unsigned base = spec.kind == 'x' || upper ? 16
                          : spec.kind == 'o'        ? 8
                          : spec.kind == 'b'        ? 2
                                                    : 10;
    const std::string prefix = spec.alternate && base != 10 ? std::string{'0', spec.kind} : "";
    return prefix + digits_of(magnitude, base, upper);
  }
  double number = std::fabs(*as_number(value));
  if (spec.kind == '\0' && !spec.precision) return float_text(number);
  if (spec.kind == '%')
    return print_float(number * 100, 'f', spec.precision.value_or(6), false) + "%";
  const char kind = spec.kind == '\0' ? 'g' : spec.kind;
  return print_float(number, kind, spec.precision.value_or(6), spec.alternate);
}

Text number_text(const Value& value, const FormatSpec& spec, std::string& sign) {
  if (!as_number(value)) {
    require_defined(value);
    throw Failure("format '" + std::string(1, spec.kind) + "' needs a number, not '" +
                  std::string(type_name(value)) + "'");
  }
  const bool wants_integer = std::string_view("dxXob").find(spec.kind) != std::string_view::npos;
  if (wants_integer && spec.kind != '\0' && !as_integer(value)) {
    throw Failure("format '" + std::string(1, spec.kind) + "' needs an integer");
  }
  const bool negative = std::signbit(*as_number(value));
  if (negative || spec.sign != '-') sign = negative ? "-" : std::string(1, spec.sign);
  std::string text = unsigned_text(value, spec);
  if (spec.grouped) group_thousands(text);
  return Text(std::move(text), Origin::markup);
}

}  // namespace

Text format_value(Runtime& runtime, const Value& value, const FormatSpec& spec) {
  if (spec.width > kWidest || spec.precision.value_or(0) > static_cast<int>(kWidest)) {
    throw Failure("a format is too wide");
  }
  const bool plain_number = (as<std::int64_t>(value) || as<double>(value)) && spec.kind != 's';
  const bool is_number = plain_number || (spec.kind != 's' && spec.kind != '\0');
  std::string sign;
  Text body = is_number ? number_text(value, spec, sign) : to_text(value);
  if (!is_number && spec.precision) {
    const auto most = static_cast<std::size_t>(std::max(*spec.precision, 0));
    body = body.slice(0, position_of(body.bytes(), most));
  }
  const std::size_t used = count_characters(body.bytes()) + sign.size();
  const std::size_t missing = spec.width > used ? spec.width - used : 0;
  runtime.scan(body.size() + missing);
  const char align = spec.align != '\0' ? spec.align : is_number ? '>' : '<';
  const std::size_t left = align == '<' || align == '=' ? 0 : align == '^' ? missing / 2 : missing;
  const std::size_t inside = align == '=' ? missing : 0;
  const auto fill = [&](Text& text, std::size_t count) {
    for (; count > 0; --count) text.append(spec.fill, Origin::markup);
  };
  Text result;
  fill(result, left);
  result.append(sign, Origin::markup);
  fill(result, inside);
  result.append(body);
  fill(result, missing - left - inside);
  return result;
}

}  // namespace redbolt::llm::jinja
