// A conversation as the variables of a template.
#pragma once

#include "chat/jinja/runtime.hpp"
#include "chat/template_style.hpp"
#include "redbolt/llm/chat/conversation.hpp"

namespace redbolt::llm {

// Sets `messages`, `tools` and what else a template is told about a conversation. What people and
// tools said is marked as input. Throws LlmError{bad_argument} for tools and template arguments
// that are not JSON objects, or that name variables which are not the caller's.
void define_conversation(jinja::Runtime& runtime, jinja::Scope& globals,
                         const Conversation& conversation, const TemplateStyle& style);

}  // namespace redbolt::llm
