// A template's text to its syntax tree.
#pragma once

#include <string_view>

#include "chat/jinja/syntax.hpp"

namespace redbolt::llm::jinja {

// Throws SyntaxError, for statements that have no meaning without other templates (extends,
// include, import, block) too.
Body parse(std::string_view source);

}  // namespace redbolt::llm::jinja
