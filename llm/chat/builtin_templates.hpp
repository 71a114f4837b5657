// Chat templates for models whose file has none, chosen by the special tokens of the vocabulary.
#pragma once

#include <string_view>

namespace redbolt::llm {

struct BuiltinTemplate {
  std::string_view name;
  std::string_view token;  // the vocabulary has it
  std::string_view source;
};

// Null when no format is known for the tokens. `has_token` is asked for one after the other.
template <class HasToken>
const BuiltinTemplate* builtin_template(HasToken has_token);

extern const BuiltinTemplate kChatMlTemplate;
extern const BuiltinTemplate kLlama3Template;

template <class HasToken>
const BuiltinTemplate* builtin_template(HasToken has_token) {
  for (const BuiltinTemplate* candidate : {&kChatMlTemplate, &kLlama3Template}) {
    if (has_token(candidate->token)) return candidate;
  }
  return nullptr;
}

}  // namespace redbolt::llm
