// What stays of a conversation's prompt when a full context is shifted: what the system said, and
// the tools that were offered.
#pragma once

#include <cstdint>
#include <span>

#include "redbolt/llm/chat/conversation.hpp"
#include "redbolt/llm/chat/format.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::llm {

// How many tokens at the beginning of `prompt`, which is `conversation` in this format, are the
// system's (TokenRequest::keep_tokens). 0 where it said nothing and there are no tools, or where
// the format writes it elsewhere. Renders and tokenizes that part of the conversation once more.
std::uint32_t kept_tokens(const ChatFormat& format, const Tokenizer& tokenizer,
                          const Conversation& conversation, std::span<const TokenId> prompt);

}  // namespace redbolt::llm
