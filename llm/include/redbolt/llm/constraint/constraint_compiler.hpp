// Forms that an answer has to have, as constraints for the engine: JSON, JSON that follows a
// schema, calls of tools. A form is compiled to an automaton over bytes with a stack; which tokens
// may come next is found by walking a trie of the vocabulary's bytes through it.
//
// What is enforced holds for whole answers: when a token limit or the end of the context cuts one
// off, it is a prefix of something valid and no more. Strings are valid UTF-8, white space between
// JSON's tokens is bounded, control tokens never come (except those of the form itself, and the end
// tokens where the form may end).
//
// Schemas: the subset that OpenAI documents for structured outputs; docs/llm.md lists it.
// Properties come in the schema's order, and undeclared ones only where none are declared. Keywords
// that only describe (title, description, default, examples, …) are ignored, those that restrict
// and are not implemented are refused.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "redbolt/llm/constraint/schema_error.hpp"
#include "redbolt/llm/engine/token_constraint.hpp"
#include "redbolt/llm/output/answer_format.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::llm {

// What may precede the form: thoughts, in which anything goes except the end of the answer.
struct ThinkingPrelude {
  ThinkingTags tags = {};  // empty: no thoughts, the form begins at once
  bool opened = false;  // the prompt has opened them; otherwise the model may, as its first token
  // Tokens of thought, after which the closing tag and an empty line are forced. Nothing: no limit.
  std::optional<std::uint32_t> budget = {};
  // The model answers in channels (ToolSyntax::harmony): JSON stands in the final one, and the
  // prompt ends where a message's header begins.
  bool channels = false;
};

struct ToolCallForm {
  ToolSyntax syntax = ToolSyntax::hermes;
  bool parallel = true;         // several calls may follow each other
  std::string_view named = {};  // only calls of this tool; empty: of any
};

// One per model. Its functions may be called from several threads at once; the constraints they
// return are independent, may outlive a request, but not the compiler. The forms used last are kept
// compiled.
class ConstraintCompiler {
 public:
  // Takes some 100 ms for 150,000 tokens. `tokenizer` must outlive the compiler. Throws
  // LlmError{unsupported_tokenizer} when not every byte of UTF-8 has a token of its own, since a
  // form could then come to a place where no token fits.
  explicit ConstraintCompiler(const Tokenizer& tokenizer);
  ConstraintCompiler(ConstraintCompiler&&) noexcept;
  ConstraintCompiler& operator=(ConstraintCompiler&&) noexcept;
  ~ConstraintCompiler();

  // Any JSON object, nested at most 64 deep.
  std::unique_ptr<TokenConstraint> json_object(const ThinkingPrelude& thinking = {}) const;

  // A JSON text that `schema` (JSON as text) accepts. Throws SchemaError.
  std::unique_ptr<TokenConstraint> json_schema(std::string_view schema,
                                               const ThinkingPrelude& thinking = {}) const;

  // At least one call of the tools offered, and nothing else. The arguments follow the tool's
  // schema; where that cannot be enforced, a strict tool throws SchemaError and of any other the
  // arguments are any JSON object. Throws LlmError{bad_argument} when there is no such tool.
  std::unique_ptr<TokenConstraint> tool_calls(std::span<const ToolDeclaration> tools,
                                              const ToolCallForm& form,
                                              const ThinkingPrelude& thinking = {}) const;

  // Either: calls as tool_calls has them, or a JSON text, of any object if there is no schema.
  // Where a syntax writes calls as JSON objects, what begins like a call of one of the tools is one
  // (AnswerOptions::calls_or_text reads it so). Throws as tool_calls and json_schema do.
  std::unique_ptr<TokenConstraint> calls_or_json(std::span<const ToolDeclaration> tools,
                                                 const ToolCallForm& form,
                                                 std::optional<std::string_view> schema,
                                                 const ThinkingPrelude& thinking = {}) const;

  // Only the limit on thoughts: nothing else is restricted. `thinking` needs tags and a budget.
  std::unique_ptr<TokenConstraint> thinking_budget(const ThinkingPrelude& thinking) const;

 private:
  class Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace redbolt::llm
