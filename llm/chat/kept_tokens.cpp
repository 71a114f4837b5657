#include "redbolt/llm/chat/kept_tokens.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

bool is_said_by_the_system(const Message& message) {
  return message.role == Role::system || message.role == Role::developer;
}

std::optional<std::vector<TokenId>> encode(const ChatFormat& format, const Tokenizer& tokenizer,
                                           const Conversation& conversation) {
  try {
    return encode_prompt(tokenizer, format.prompt(conversation));
  } catch (const LlmError&) {
    return std::nullopt;
  }
}

// A user's message that shares no beginning with this one.
Message another_than(const Message& message) {
  const std::size_t first = message.content.find_first_not_of(" \t\r\n");
  const bool begins_with_dash = first != std::string::npos && message.content[first] == '-';
  Message other;
  other.content.assign(1, begins_with_dash ? '+' : '-');
  return other;
}

}  // namespace

std::uint32_t kept_tokens(const ChatFormat& format, const Tokenizer& tokenizer,
                          const Conversation& conversation, std::span<const TokenId> prompt) {
  const auto others = std::ranges::find_if_not(conversation.messages, is_said_by_the_system);
  if (others == conversation.messages.begin() && conversation.tools.empty()) return 0;
  Conversation system = conversation;
  system.messages.assign(conversation.messages.begin(), others);
  system.add_generation_prompt = system.continue_final_message = false;
  auto tokens = encode(format, tokenizer, system);
  if (!tokens && others != conversation.messages.end()) {
    // A template that wants a user to speak, or writes the system's message into the user's.
    system.messages.push_back(another_than(*others));
    tokens = encode(format, tokenizer, system);
  }
  if (!tokens) return 0;
  // What follows may change how the last of them is tokenized.
  const auto end = std::ranges::mismatch(*tokens, prompt).in1;
  return static_cast<std::uint32_t>(end - tokens->begin());
}

}  // namespace redbolt::llm
