// What a form itself writes around calls and documents: text with tags in it. A tag that is a
// control token in the vocabulary is written as that token.
#pragma once

#include <string_view>

#include "constraint/grammar.hpp"
#include "constraint/vocabulary_trie.hpp"

namespace redbolt::llm {

// With channels, a further message of the answer begins with this.
inline constexpr std::string_view kNextAnswer = "<|start|>assistant";
inline constexpr std::string_view kFinalChannel = "<|channel|>final<|message|>";

NodeId append_markup(GrammarBuilder& grammar, const VocabularyTrie& trie, NodeId from,
                     std::string_view text);

}  // namespace redbolt::llm
