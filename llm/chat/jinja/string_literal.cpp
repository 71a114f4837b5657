#include "chat/jinja/string_literal.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "support/utf8.hpp"

namespace redbolt::llm::jinja {
namespace {

constexpr std::string_view kLetters = "nrtabfv\\'\"";
constexpr std::string_view kMeanings = "\n\r\t\a\b\f\v\\'\"";

// Reads digits at the front; the rest of the text is left.
std::optional<std::uint32_t> take_number(std::string_view& text, std::size_t least,
                                         std::size_t most, int base) {
  std::uint32_t number = 0;
  const char* const end = text.data() + std::min(most, text.size());
  const auto read = std::from_chars(text.data(), end, number, base);
  const auto length = static_cast<std::size_t>(read.ptr - text.data());
  if (read.ec != std::errc() || length < least) return std::nullopt;
  text.remove_prefix(length);
  return number;
}

bool append_code_point(std::string& result, std::uint32_t number) {
  if (number > 0x10FFFF) return false;
  const bool surrogate = number >= 0xD800 && number < 0xE000;
  append_utf8(result, surrogate ? U'\uFFFD' : static_cast<char32_t>(number));
  return true;
}

}  // namespace

std::optional<std::string> string_literal(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\' || text.empty()) {
      result += c;
      continue;
    }
    const char letter = text.front();
    const std::size_t known = kLetters.find(letter);
    if (letter >= '0' && letter <= '7') {
      if (!append_code_point(result, *take_number(text, 1, 3, 8))) return std::nullopt;
      continue;
    }
    text.remove_prefix(1);
    if (letter == 'x' || letter == 'u' || letter == 'U') {
      const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
      const auto number = take_number(text, digits, digits, 16);
      if (!number || !append_code_point(result, *number)) return std::nullopt;
    } else if (letter == 'N') {
      return std::nullopt;
    } else if (known != std::string_view::npos) {
      result += kMeanings[known];
    } else if (letter != '\n') {
      result += {'\\', letter};
    }
  }
  return result;
}

}  // namespace redbolt::llm::jinja
