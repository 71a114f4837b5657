// A chat format that is a Jinja template: the model's own, or one of ours for a known vocabulary.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/jinja/template.hpp"
#include "chat/template_style.hpp"
#include "redbolt/llm/chat/format.hpp"

namespace redbolt::llm {

// What a template sees of the vocabulary; empty where the model has no such token.
struct TemplateTokens {
  std::string bos, eos, unknown;
};

// A template and how it wants conversations.
class ChatTemplate {
 public:
  // Throws LlmError{bad_template} when the text is no template.
  ChatTemplate(const std::string& source, TemplateTokens tokens);

  const TemplateStyle& style() const { return style_; }
  const ChatTraits& traits() const { return traits_; }

  // Throws LlmError as ChatFormat::prompt does.
  jinja::Text render(const Conversation& conversation) const {
    return render(conversation, style_);
  }
  jinja::Text render(const Conversation& conversation, const TemplateStyle& style) const;

 private:
  jinja::Template template_;
  TemplateTokens tokens_;
  TemplateStyle style_;
  ChatTraits traits_;
};

class TemplateFormat final : public ChatFormat {
 public:
  // `with_tools`: the template for conversations with tools, where the model has one of its own for
  // them. Throws LlmError{bad_template}.
  TemplateFormat(std::string name, const std::string& source,
                 const std::optional<std::string>& with_tools, const TemplateTokens& tokens);

  std::string_view name() const override { return name_; }
  const ChatTraits& traits() const override { return traits_; }
  std::vector<TextSegment> prompt(const Conversation& conversation) const override;

 private:
  std::string name_;
  ChatTemplate plain_;
  std::optional<ChatTemplate> with_tools_;
  ChatTraits traits_;
};

}  // namespace redbolt::llm
