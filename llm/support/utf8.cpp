#include "support/utf8.hpp"

#include <array>

namespace redbolt::llm {
namespace {

// Table 3-7 of the Unicode standard: well-formed sequences by their first byte. The second byte has
// a range of its own, the others are 80..BF.
struct LeadByte {
  unsigned char first, last;
  std::size_t length;
  unsigned char second_low, second_high;
};
constexpr std::array<LeadByte, 9> kLeadBytes = {{
    {0x00, 0x7F, 1, 0x00, 0x00},
    {0xC2, 0xDF, 2, 0x80, 0xBF},
    {0xE0, 0xE0, 3, 0xA0, 0xBF},
    {0xE1, 0xEC, 3, 0x80, 0xBF},
    {0xED, 0xED, 3, 0x80, 0x9F},
    {0xEE, 0xEF, 3, 0x80, 0xBF},
    {0xF0, 0xF0, 4, 0x90, 0xBF},
    {0xF1, 0xF3, 4, 0x80, 0xBF},
    {0xF4, 0xF4, 4, 0x80, 0x8F},
}};

const LeadByte* find_lead(unsigned char byte) {
  for (const LeadByte& lead : kLeadBytes) {
    if (byte >= lead.first && byte <= lead.last) return &lead;
  }
  return nullptr;
}

}  // namespace

Utf8Prefix utf8_prefix(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const LeadByte* lead = find_lead(byte(0));
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
