// Cuts the special tokens out of a text.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::llm {

// Either a special token, or plain text between two of them.
using Fragment = std::variant<TokenId, std::string>;

// The tokens that can be named by their text, longest text first, then by id.
std::vector<TokenId> nameable_tokens(const Vocabulary& vocabulary);

// The segments' fragments in order. A longer token is cut before a shorter one wherever it stands.
// Two plain texts never follow each other: those of neighbouring segments are joined.
std::vector<Fragment> cut_special_tokens(const Vocabulary& vocabulary,
                                         std::span<const TokenId> nameable,
                                         std::span<const TextSegment> segments);

}  // namespace redbolt::llm
