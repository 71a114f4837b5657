#include "chat/jinja/number_text.hpp"

#include <charconv>
#include <limits>
#include <string>

namespace redbolt::llm::jinja {
namespace {

// Without white space around it; nothing where underscores do not stand between digits.
std::optional<std::string> tidy(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  const std::size_t start = text.find_first_not_of(kSpaces);
  if (start == std::string_view::npos) return std::nullopt;
  text = text.substr(start, text.find_last_not_of(kSpaces) - start + 1);
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      result += text[i];
      continue;
    }
    const bool between = i > 0 && i + 1 < text.size() && text[i - 1] != '_' && text[i + 1] != '_';
    if (!between) return std::nullopt;
  }
  return result;
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text, std::int64_t base) {
  const auto tidied = tidy(text);
  if (!tidied || base < 2 || base > 36) return std::nullopt;
  std::string_view digits = *tidied;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.size() > 2 && digits[0] == '0') {
    const char mark = static_cast<char>(digits[1] | 0x20);
    const bool prefixed =
        (base == 16 && mark == 'x') || (base == 8 && mark == 'o') || (base == 2 && mark == 'b');
    if (prefixed) digits.remove_prefix(2);
  }
  if (digits.empty() || digits.front() == '-') return std::nullopt;
  const std::string number = std::string(negative ? "-" : "") + std::string(digits);
  std::int64_t value = 0;
  const char* const end = number.data() + number.size();
  const auto read = std::from_chars(number.data(), end, value, static_cast<int>(base));
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

std::optional<double> parse_float(std::string_view text) {
  const auto tidied = tidy(text);
  if (!tidied) return std::nullopt;
  std::string_view digits = *tidied;
  if (digits.starts_with('+')) {
    digits.remove_prefix(1);
    if (digits.starts_with('-')) return std::nullopt;
  }
  double value = 0;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value);
  if (read.ptr != end || digits.empty()) return std::nullopt;
  if (read.ec == std::errc::result_out_of_range) {
    // from_chars leaves the value alone; a large exponent is infinity, a small one nothing.
    const bool small =
        digits.find("e-") != std::string_view::npos || digits.find("E-") != std::string_view::npos;
    const double magnitude = small ? 0.0 : std::numeric_limits<double>::infinity();
    return digits.starts_with('-') ? -magnitude : magnitude;
  }
  if (read.ec != std::errc()) return std::nullopt;
  return value;
}

}  // namespace redbolt::llm::jinja
