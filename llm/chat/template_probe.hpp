// Finds out what a template can be given and what it makes of it, by running it on small
// conversations and looking for what went in.
#pragma once

#include <string>

#include "chat/template_style.hpp"
#include "redbolt/llm/chat/format.hpp"

namespace redbolt::llm {

class ChatTemplate;

TemplateStyle probe_style(const ChatTemplate& chat_template, const std::string& source);
// Of a template whose style is known.
ChatTraits probe_traits(const ChatTemplate& chat_template, const std::string& source);

}  // namespace redbolt::llm
