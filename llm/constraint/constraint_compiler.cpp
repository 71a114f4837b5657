#include "redbolt/llm/constraint/constraint_compiler.hpp"

#include <algorithm>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "constraint/grammar_constraint.hpp"
#include "constraint/markup.hpp"
#include "constraint/schema_compiler.hpp"
#include "constraint/thinking_constraint.hpp"
#include "constraint/tool_forms.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm {

namespace {

// What an agent asks for it asks for with every turn.
constexpr std::size_t kGrammarsKept = 16;

// Parts of a key, so that no two forms have the same.
void append_part(std::string& key, std::string_view part) {
  key += std::to_string(part.size());
  key += ':';
  key += part;
}

// Of any object where there is no schema.
std::string json_key(std::optional<std::string_view> schema, const ThinkingPrelude& prelude) {
  std::string key = prelude.channels ? "final " : "";
  key += schema ? "schema" : "object";
  if (schema) append_part(key, *schema);
  return key;
}

std::string calls_key(std::span<const ToolDeclaration> tools, const ToolCallForm& form) {
  std::string key = "calls";
  key += std::to_string(static_cast<int>(form.syntax));
  key += form.parallel ? '+' : '-';
  for (const ToolDeclaration& tool : tools) {
    append_part(key, tool.name);
    append_part(key, tool.parameters);
    key += tool.strict ? '!' : '.';
  }
  return key;
}

NodeId append_final_header(GrammarBuilder& builder, const VocabularyTrie& trie, NodeId from) {
  const NodeId start = append_markup(builder, trie, from, kNextAnswer);
  builder.skip(from, start);
  return append_markup(builder, trie, start, kFinalChannel);
}

NodeId append_json(GrammarBuilder& builder, const VocabularyTrie& trie, NodeId from,
                   std::optional<std::string_view> schema, const ThinkingPrelude& prelude) {
  if (prelude.channels) from = append_final_header(builder, trie, from);
  JsonParts parts(builder);
  const NodeId start = parts.append_leading_space(from);
  if (!schema) return parts.append_any_object(start);
  const SchemaJson parsed = parse_schema(*schema);
  return SchemaCompiler(parts, parsed).append(start, parsed, "");
}

std::vector<ToolDeclaration> choose_tools(std::span<const ToolDeclaration> tools,
                                          const ToolCallForm& form) {
  std::vector<ToolDeclaration> chosen;
  for (const ToolDeclaration& tool : tools) {
    if (form.named.empty() || tool.name == form.named) chosen.push_back(tool);
  }
  if (chosen.empty()) {
    throw LlmError(ErrorCode::bad_argument,
                   form.named.empty() ? std::string("a call is required, but no tool is offered")
                                      : "there is no tool named '" + std::string(form.named) + "'");
  }
  return chosen;
}

}  // namespace

class ConstraintCompiler::Impl {
 public:
  explicit Impl(const Tokenizer& tokenizer) : tokenizer_(tokenizer), trie_(tokenizer) {}

  const Tokenizer& tokenizer() const { return tokenizer_; }
  const VocabularyTrie& trie() const { return trie_; }

  using Write = std::function<NodeId(GrammarBuilder&, NodeId)>;
  // `write` appends the form to a node; the key says which form it is.
  std::unique_ptr<TokenConstraint> make(const std::string& key, const ThinkingPrelude& thinking,
                                        const Write& write) const {
    auto form = std::make_unique<GrammarConstraint>(grammar(key, write), trie_,
                                                    tokenizer_.vocabulary().end_tokens());
    if (thinking.tags.close.empty() || thinking.tags.open.empty()) return form;
    return std::make_unique<ThinkingConstraint>(tokenizer_, trie_, thinking, std::move(form));
  }

 private:
  using SharedGrammar = std::shared_ptr<const Grammar>;

  SharedGrammar grammar(const std::string& key, const Write& write) const {
    if (SharedGrammar known = find(key)) return known;
    GrammarBuilder builder;
    builder.set_returns(write(builder, builder.entry(0)));
    auto made = std::make_shared<const Grammar>(builder.finish());
    const std::lock_guard lock(mutex_);
    if (kept_.size() == kGrammarsKept) kept_.pop_back();
    kept_.emplace_front(key, made);
    return made;
  }

  SharedGrammar find(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(kept_, key, &std::pair<std::string, SharedGrammar>::first);
    if (found == kept_.end()) return nullptr;
    kept_.splice(kept_.begin(), kept_, found);
    return kept_.front().second;
  }

  const Tokenizer& tokenizer_;
  VocabularyTrie trie_;
  // The forms used last, the last one first. Any thread.
  mutable std::mutex mutex_;
  mutable std::list<std::pair<std::string, SharedGrammar>> kept_;
};

ConstraintCompiler::ConstraintCompiler(const Tokenizer& tokenizer)
    : impl_(std::make_unique<const Impl>(tokenizer)) {}
ConstraintCompiler::ConstraintCompiler(ConstraintCompiler&&) noexcept = default;
ConstraintCompiler& ConstraintCompiler::operator=(ConstraintCompiler&&) noexcept = default;
ConstraintCompiler::~ConstraintCompiler() = default;

std::unique_ptr<TokenConstraint> ConstraintCompiler::json_object(
    const ThinkingPrelude& thinking) const {
  return impl_->make(json_key({}, thinking), thinking, [&](GrammarBuilder& builder, NodeId from) {
    return append_json(builder, impl_->trie(), from, {}, thinking);
  });
}

std::unique_ptr<TokenConstraint> ConstraintCompiler::json_schema(
    std::string_view schema, const ThinkingPrelude& thinking) const {
  return impl_->make(json_key(schema, thinking), thinking,
                     [&](GrammarBuilder& builder, NodeId from) {
                       return append_json(builder, impl_->trie(), from, schema, thinking);
                     });
}

std::unique_ptr<TokenConstraint> ConstraintCompiler::tool_calls(
    std::span<const ToolDeclaration> tools, const ToolCallForm& form,
    const ThinkingPrelude& thinking) const {
  const auto chosen = choose_tools(tools, form);
  return impl_->make(calls_key(chosen, form), thinking, [&](GrammarBuilder& builder, NodeId from) {
    return ToolForms(builder, impl_->trie(), form.syntax).append_calls(from, chosen, form.parallel);
  });
}

std::unique_ptr<TokenConstraint> ConstraintCompiler::calls_or_json(
    std::span<const ToolDeclaration> tools, const ToolCallForm& form,
    std::optional<std::string_view> schema, const ThinkingPrelude& thinking) const {
  const auto chosen = choose_tools(tools, form);
  std::string key;
  append_part(key, calls_key(chosen, form));
  key += json_key(schema, thinking);
  return impl_->make(key, thinking, [&](GrammarBuilder& builder, NodeId from) {
    const NodeId end = builder.add_node();
    builder.skip(append_json(builder, impl_->trie(), from, schema, thinking), end);
    ToolForms calls(builder, impl_->trie(), form.syntax);
    builder.skip(calls.append_calls(from, chosen, form.parallel), end);
    return end;
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
