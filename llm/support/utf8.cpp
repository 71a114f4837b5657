#include "support/utf8.hpp"

namespace redbolt::llm {
namespace {

const Utf8Sequence* find_sequence(unsigned char byte) {
  for (const Utf8Sequence& sequence : kUtf8Sequences) {
    if (byte >= sequence.first_low && byte <= sequence.first_high) return &sequence;
  }
  return nullptr;
}

}  // namespace

Utf8Prefix utf8_prefix(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const Utf8Sequence* lead = find_sequence(byte(0));
  if (lead == nullptr) return {Utf8Prefix::Kind::invalid, 1, 0};
  if (lead->length == 1) return {Utf8Prefix::Kind::character, 1, byte(0)};
  char32_t code_point = byte(0) & (0x7Fu >> lead->length);
  for (std::size_t i = 1; i < lead->length; ++i) {
    if (i == text.size()) return {Utf8Prefix::Kind::incomplete, i, 0};
    const unsigned char low = i == 1 ? lead->second_low : 0x80;
    const unsigned char high = i == 1 ? lead->second_high : 0xBF;
    if (byte(i) < low || byte(i) > high) return {Utf8Prefix::Kind::invalid, i, 0};
    code_point = (code_point << 6) | (byte(i) & 0x3Fu);
  }
  return {Utf8Prefix::Kind::character, lead->length, code_point};
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto push = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    push(code_point);
  } else if (code_point < 0x800) {
    push(0xC0 | (code_point >> 6));
    push(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    push(0xE0 | (code_point >> 12));
    push(0x80 | ((code_point >> 6) & 0x3F));
    push(0x80 | (code_point & 0x3F));
  } else {
    push(0xF0 | (code_point >> 18));
    push(0x80 | ((code_point >> 12) & 0x3F));
    push(0x80 | ((code_point >> 6) & 0x3F));
    push(0x80 | (code_point & 0x3F));
  }
}

}  // namespace redbolt::llm
