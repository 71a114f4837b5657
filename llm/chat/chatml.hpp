// ChatML: <|im_start|>role\ntext<|im_end|>\n, as the Qwen models and many others use it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "chat/prompt_writer.hpp"
#include "redbolt/llm/chat/format.hpp"

namespace redbolt::llm {

// What a model's own template adds to plain ChatML.
struct ChatMlDialect {
  enum class Reasoning {
    none,      // the format knows no thoughts
    optional,  // the model thinks unless it is given an empty thought
    always,    // the assistant's turn is started with <think>
  };

  std::string_view name;
  // The dialect of a model is the first whose marks all occur in its chat template.
  std::vector<std::string_view> marks;
  std::string_view default_system;  // of a conversation that has no system message
  Reasoning reasoning = Reasoning::none;
};

class ChatMl final : public ChatFormat {
 public:
  // `dialect` must outlive the format.
  explicit ChatMl(const ChatMlDialect& dialect);

  // The dialect of a chat template; plain ChatML when it has none of the known marks.
  static const ChatMlDialect& dialect_of(std::string_view chat_template);

  std::string_view name() const override { return dialect_.name; }
  const ChatTraits& traits() const override { return traits_; }
  std::vector<TextSegment> prompt(const Conversation& conversation) const override;

 private:
  void write_system(const Conversation& conversation, PromptWriter& writer) const;
  void write_assistant(const Conversation& conversation, std::size_t index,
                       PromptWriter& writer) const;
  void write_answer_start(const Conversation& conversation, PromptWriter& writer) const;

  const ChatMlDialect& dialect_;
  ChatTraits traits_;
};

}  // namespace redbolt::llm
