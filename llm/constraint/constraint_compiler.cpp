#include "redbolt/llm/constraint/constraint_compiler.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "constraint/grammar_constraint.hpp"
#include "constraint/schema_compiler.hpp"
#include "constraint/thinking_constraint.hpp"
#include "constraint/tool_forms.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm {

class ConstraintCompiler::Impl {
 public:
  explicit Impl(const Tokenizer& tokenizer) : tokenizer_(tokenizer), trie_(tokenizer) {}

  const Tokenizer& tokenizer() const { return tokenizer_; }
  const VocabularyTrie& trie() const { return trie_; }

  using Write = std::function<NodeId(GrammarBuilder&, NodeId)>;
  // `write` appends the form to a node.
  std::unique_ptr<TokenConstraint> make(const ThinkingPrelude& thinking, const Write& write) const {
    GrammarBuilder builder;
    builder.set_returns(write(builder, builder.entry(0)));
    auto form =
        std::make_unique<GrammarConstraint>(std::make_shared<const Grammar>(builder.finish()),
                                            trie_, tokenizer_.vocabulary().end_tokens());
    if (thinking.tags.close.empty() || thinking.tags.open.empty()) return form;
    return std::make_unique<ThinkingConstraint>(tokenizer_, trie_, thinking, std::move(form));
  }

 private:
  const Tokenizer& tokenizer_;
  VocabularyTrie trie_;
};

ConstraintCompiler::ConstraintCompiler(const Tokenizer& tokenizer)
    : impl_(std::make_unique<const Impl>(tokenizer)) {}
ConstraintCompiler::ConstraintCompiler(ConstraintCompiler&&) noexcept = default;
ConstraintCompiler& ConstraintCompiler::operator=(ConstraintCompiler&&) noexcept = default;
ConstraintCompiler::~ConstraintCompiler() = default;

std::unique_ptr<TokenConstraint> ConstraintCompiler::json_object(
    const ThinkingPrelude& thinking) const {
  return impl_->make(thinking, [](GrammarBuilder& builder, NodeId from) {
    JsonParts parts(builder);
    return parts.append_any_object(parts.append_space(from));
  });
}

std::unique_ptr<TokenConstraint> ConstraintCompiler::json_schema(
    std::string_view schema, const ThinkingPrelude& thinking) const {
  const SchemaJson parsed = parse_schema(schema);
  return impl_->make(thinking, [&](GrammarBuilder& builder, NodeId from) {
    JsonParts parts(builder);
    return SchemaCompiler(parts, parsed).append(parts.append_space(from), parsed, "");
  });
}

std::unique_ptr<TokenConstraint> ConstraintCompiler::tool_calls(
    std::span<const ToolDeclaration> tools, const ToolCallForm& form,
    const ThinkingPrelude& thinking) const {
  std::vector<ToolDeclaration> chosen;
  for (const ToolDeclaration& tool : tools) {
    if (form.named.empty() || tool.name == form.named) chosen.push_back(tool);
  }
  if (chosen.empty()) {
    throw LlmError(ErrorCode::bad_argument,
                   form.named.empty() ? std::string("a call is required, but no tool is offered")
                                      : "there is no tool named '" + std::string(form.named) + "'");
  }
  return impl_->make(thinking, [&](GrammarBuilder& builder, NodeId from) {
    return ToolForms(builder, impl_->trie(), form.syntax).append_calls(from, chosen, form.parallel);
  });
}

std::unique_ptr<TokenConstraint> ConstraintCompiler::thinking_budget(
    const ThinkingPrelude& thinking) const {
  if (thinking.tags.open.empty() || thinking.tags.close.empty() || !thinking.budget) {
    throw LlmError(ErrorCode::bad_argument,
                   "a limit on thoughts needs a model that marks them, and a number of tokens");
  }
  return std::make_unique<ThinkingConstraint>(impl_->tokenizer(), impl_->trie(), thinking, nullptr);
}

}  // namespace redbolt::llm
