// Chat formats: how the turns of a conversation are written for a model. What a format itself
// writes may name special tokens; what people and tools said never does, whatever it looks like.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/llm/chat/conversation.hpp"
#include "redbolt/llm/gguf/metadata.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::llm {

class ChatFormat {
 public:
  ChatFormat() = default;
  ChatFormat(const ChatFormat&) = delete;
  ChatFormat& operator=(const ChatFormat&) = delete;
  virtual ~ChatFormat() = default;

  // "chatml (qwen3)", for messages.
  virtual std::string_view name() const = 0;
  // The conversation, and the start of the assistant's next turn. Throws LlmError{unsupported_chat}
  // for what the format has no way to say.
  virtual std::vector<TextSegment> prompt(const Conversation& conversation) const = 0;
};

// The format of a model, by its chat template and its special tokens. Throws
// LlmError{unsupported_chat} when it is not one of those supported.
std::unique_ptr<ChatFormat> choose_chat_format(const Metadata& metadata,
                                               const Vocabulary& vocabulary);

// The prompt's text in one piece, to be looked at.
std::string join(const std::vector<TextSegment>& segments);

// The prompt as the model is fed it: with the token in front that its tokenizer puts there, once.
std::vector<TokenId> encode_prompt(const Tokenizer& tokenizer,
                                   const std::vector<TextSegment>& segments);

}  // namespace redbolt::llm
