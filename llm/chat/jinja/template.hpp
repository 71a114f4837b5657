// A Jinja template as chat models carry one: parsed once, run for each conversation.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "chat/jinja/runtime.hpp"
#include "chat/jinja/syntax.hpp"
#include "chat/jinja/text.hpp"

namespace redbolt::llm::jinja {

class Template {
 public:
  // Throws LlmError{bad_template}, with line and column, when the text is no template.
  explicit Template(std::string_view source);

  // The text that the template writes. `globals` are the variables it sees besides the functions
  // that every template knows. Throws LlmError: unsupported_chat with the template's words when it
  // calls raise_exception; bad_template with line, column and cause for any other failure.
  Text render(Runtime& runtime, Scope& globals) const;

 private:
  Body body_;
};

}  // namespace redbolt::llm::jinja
