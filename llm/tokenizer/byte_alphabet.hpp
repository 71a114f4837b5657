// GPT-2's alphabet: every byte as one printable character, so that a vocabulary of byte sequences
// can be written as text. The space is U+0120.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace redbolt::llm {

// The character that stands for a byte, as UTF-8.
std::string_view byte_to_character(std::uint8_t byte);

// Appends the bytes that a text of the alphabet stands for; characters outside it stay as they are.
void append_decoded(std::string& bytes, std::string_view text);

}  // namespace redbolt::llm
