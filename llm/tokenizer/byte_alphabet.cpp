#include "tokenizer/byte_alphabet.hpp"

#include <array>
#include <optional>

#include "support/utf8.hpp"

namespace redbolt::llm {
namespace {

// The bytes that stand for themselves are the printable ones of Latin-1; the others take the code
// points from U+0100 on, in order.
constexpr bool is_printable(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Alphabet {
  static constexpr char32_t kLast = 0x143;  // 68 bytes are not printable
  std::array<std::string, 256> characters;
  std::array<std::optional<std::uint8_t>, kLast + 1> bytes;

  Alphabet() {
    char32_t next = 0x100;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const char32_t code_point = is_printable(byte) ? byte : next++;
      append_utf8(characters[byte], code_point);
      bytes[code_point] = static_cast<std::uint8_t>(byte);
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet instance;
  return instance;
}

}  // namespace

std::string_view byte_to_character(std::uint8_t byte) {
  return alphabet().characters[byte];
}

void append_decoded(std::string& bytes, std::string_view text) {
  while (!text.empty()) {
    const Utf8Prefix front = utf8_prefix(text);
    const bool known = front.kind == Utf8Prefix::Kind::character &&
                       front.code_point <= Alphabet::kLast &&
                       alphabet().bytes[front.code_point].has_value();
    if (known) {
      bytes.push_back(static_cast<char>(*alphabet().bytes[front.code_point]));
    } else {
      bytes += text.substr(0, front.length);
    }
    text.remove_prefix(front.length);
  }
}

}  // namespace redbolt::llm
