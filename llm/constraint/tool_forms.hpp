// Calls of tools as grammars, in the syntax of a model.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "constraint/schema_compiler.hpp"
#include "constraint/vocabulary_trie.hpp"
#include "output/parameter_types.hpp"
#include "redbolt/llm/constraint/constraint_compiler.hpp"

namespace redbolt::llm {

class ToolForms {
 public:
  // `trie` says which tags are control tokens. Both must outlive the object.
  ToolForms(GrammarBuilder& grammar, const VocabularyTrie& trie, ToolSyntax syntax)
      : grammar_(grammar), parts_(grammar), trie_(trie), syntax_(syntax) {}

  // One call, or several, of these tools; white space in front. Throws SchemaError.
  NodeId append_calls(NodeId from, std::span<const ToolDeclaration> tools, bool parallel);

 private:
  NodeId append_call(NodeId from, const ToolDeclaration& tool, const ParameterTypes& types);
  NodeId append_arguments(NodeId from, const ToolDeclaration& tool);
  NodeId append_function(NodeId from, const ToolDeclaration& tool, const ParameterTypes& types);
  NodeId append_parameters(NodeId from, const ToolDeclaration& tool, const SchemaJson& schema,
                           const ParameterTypes& types);
  NodeId append_free_parameters(NodeId from);
  NodeId append_value(NodeId from, const SchemaJson& property, const std::string& path,
                      const ValueKinds& kinds, SchemaCompiler& compiler);

  GrammarBuilder& grammar_;
  JsonParts parts_;
  const VocabularyTrie& trie_;
  ToolSyntax syntax_;
};

}  // namespace redbolt::llm
