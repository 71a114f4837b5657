#include "chat/jinja/characters.hpp"

#include <locale.h>  // newlocale: POSIX
#include <wctype.h>  // towupper_l: POSIX
#ifdef __APPLE__
#include <xlocale.h>  // where macOS declares them
#endif

#include "support/utf8.hpp"

namespace redbolt::llm::jinja {
namespace {

// Upper and lower case of Unicode, whatever the user's own language is.
locale_t unicode_locale() {
  static const locale_t locale = [] {
    for (const char* name : {"C.UTF-8", "en_US.UTF-8", "C"}) {
      if (const locale_t made = newlocale(LC_CTYPE_MASK, name, nullptr)) return made;
    }
    return locale_t{};
  }();
  return locale;
}

}  // namespace

Character character_at(std::string_view bytes, std::size_t position) {
  const auto byte = static_cast<unsigned char>(bytes[position]);
  if (byte < 0x80) return {position, 1, byte};
  const Utf8Prefix prefix = utf8_prefix(bytes.substr(position));
  if (prefix.kind != Utf8Prefix::Kind::character) return {position, 1, 0xFFFD};
  return {position, prefix.length, prefix.code_point};
}

std::size_t count_characters(std::string_view bytes) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < bytes.size(); ++count) at += character_at(bytes, at).length;
  return count;
}

std::size_t position_of(std::string_view bytes, std::size_t index) {
  std::size_t at = 0;
  for (; index > 0 && at < bytes.size(); --index) at += character_at(bytes, at).length;
  return at;
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

bool is_letter(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return iswalpha_l(static_cast<wint_t>(c), unicode_locale()) != 0;
}

bool is_digit(char32_t c) {
  return c >= '0' && c <= '9';
}

bool is_printable(char32_t c) {
  if (c < 0x7F) return c >= 0x20;
  if (is_space(c) || c == 0xAD || (c >= 0x7F && c < 0xA0)) return false;
  const bool invisible = (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
                         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xE000 && c < 0xF900);
  return !invisible;
}

char32_t to_upper(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  return static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), unicode_locale()));
}

char32_t to_lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  return static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), unicode_locale()));
}

bool is_upper(char32_t c) {
  return to_lower(c) != c;
}

bool is_lower(char32_t c) {
  return c == 0xDF || to_upper(c) != c;
}

void append_character(Text& text, char32_t code_point, Origin origin) {
  std::string bytes;
  append_utf8(bytes, code_point);
  text.append(bytes, origin);
}

}  // namespace redbolt::llm::jinja
