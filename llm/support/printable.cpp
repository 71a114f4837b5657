#include "support/printable.hpp"

#include <array>
#include <cstdio>

#include "support/utf8.hpp"

namespace redbolt::llm {

std::string printable(std::string_view text, std::size_t limit) {
  std::string result;
  const bool cut = text.size() > limit;
  if (cut) text = text.substr(0, limit);
  while (!text.empty()) {
    const Utf8Prefix front = utf8_prefix(text);
    // C0, DEL and C1 control characters can drive a terminal.
    const bool control =
        front.code_point < 0x20 || (front.code_point >= 0x7F && front.code_point < 0xA0);
    if (front.kind == Utf8Prefix::Kind::character && !control) {
      result += text.substr(0, front.length);
    } else {
      for (const char c : text.substr(0, front.length)) {
        std::array<char, 5> hex{};
        std::snprintf(hex.data(), hex.size(), "\\x%02X", static_cast<unsigned char>(c));
        result += hex.data();
      }
    }
    text.remove_prefix(front.length);
  }
  if (cut) result += "...";
  return result;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> units = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.2f %s", value, units[unit]);
  return text.data();
}

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string result;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) result.push_back(',');
    result.push_back(digits[i]);
  }
  return result;
}

}  // namespace redbolt::llm
