// The messages of a conversation made into those that a template has a place for.
#pragma once

#include <span>
#include <vector>

#include "chat/jinja/text.hpp"
#include "chat/template_style.hpp"
#include "redbolt/llm/chat/conversation.hpp"

namespace redbolt::llm {

// One message for the template. Its text may be ours in part.
struct Turn {
  Role role = Role::user;
  jinja::Text content;
  const Message* message = nullptr;  // where the rest of it is; null when it was made up
  std::span<const ToolCall> calls = {};
};

// The conversation must outlive the turns.
std::vector<Turn> make_turns(const Conversation& conversation, const TemplateStyle& style);

}  // namespace redbolt::llm
