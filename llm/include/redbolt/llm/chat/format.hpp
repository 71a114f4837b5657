// Chat formats: how the turns of a conversation are written for a model. What a format itself
// writes may name special tokens; what people and tools said never does, whatever it looks like.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/llm/chat/conversation.hpp"
#include "redbolt/llm/gguf/metadata.hpp"
#include "redbolt/llm/output/answer_format.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::llm {

// What callers need to know of a model's format.
struct ChatTraits {
  // The format itself has a place for tools. Where it has none, they are offered in the system
  // message in Hermes' way, and answer.tools is hermes.
  bool renders_tools = false;
  // How the model writes its thoughts and its calls: what AnswerParser and ConstraintCompiler need.
  AnswerFormat answer = {};
  // The model may think before it answers.
  bool thinks = false;
  // Conversation::thinking makes a difference.
  bool thinking_can_be_switched = false;
  // Without a wish of the caller's, the prompt ends inside a thought that it has opened.
  bool opens_thinking = false;
};

// May be used from several threads at once.
class ChatFormat {
 public:
  ChatFormat() = default;
  ChatFormat(const ChatFormat&) = delete;
  ChatFormat& operator=(const ChatFormat&) = delete;
  virtual ~ChatFormat() = default;

  // "chatml (qwen3)", for messages.
  virtual std::string_view name() const = 0;
  virtual const ChatTraits& traits() const = 0;
  // The conversation, and the start of the assistant's next turn. Throws LlmError: bad_argument for
  // tools or template arguments that are not JSON objects, unsupported_chat with the template's own
  // words when it refuses the conversation, bad_template when it cannot be run.
  virtual std::vector<TextSegment> prompt(const Conversation& conversation) const = 0;
};

// The format of a model: its own chat template, or one chosen by its special tokens where it has
// none. Throws LlmError: bad_template when the template is not one, unsupported_chat when there is
// none and the tokens are of no known format.
std::unique_ptr<ChatFormat> choose_chat_format(const Metadata& metadata,
                                               const Vocabulary& vocabulary);

// Whether this prompt ends inside a thought that it has opened: the answer begins with thoughts,
// and no opening tag comes.
bool ends_in_thought(const std::vector<TextSegment>& prompt, const ChatTraits& traits);

// The prompt's text in one piece, to be looked at.
std::string join(const std::vector<TextSegment>& segments);

// The prompt as the model is fed it: with the token in front that its tokenizer puts there, once.
std::vector<TokenId> encode_prompt(const Tokenizer& tokenizer,
                                   const std::vector<TextSegment>& segments);

}  // namespace redbolt::llm
