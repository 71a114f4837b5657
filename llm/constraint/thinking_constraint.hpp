// Thoughts before a form, and their limit: anything but the end of the answer until the closing tag
// has come; after so many tokens of thought, that tag is forced. Then the form, if there is one.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "constraint/grammar_constraint.hpp"
#include "redbolt/llm/constraint/constraint_compiler.hpp"

namespace redbolt::llm {

class ThinkingConstraint final : public TokenConstraint {
 public:
  // form: null for none. The tokenizer and the trie must outlive the constraint.
  ThinkingConstraint(const Tokenizer& tokenizer, const VocabularyTrie& trie,
                     const ThinkingPrelude& prelude, std::unique_ptr<GrammarConstraint> form);

  bool restricts() const override;
  void allow(std::span<std::uint32_t> mask) override;
  void accept(TokenId token) override;

 private:
  enum class Where {
    before,    // the model may open its thoughts, or begin its answer
    thinking,  // until the tag has come, or the budget is spent
    closing,   // the tag is being forced
    after,
  };

  std::string_view text_of(TokenId token) const;
  bool must_close() const;
  void accept_first(TokenId token);
  void accept_start_of_text(TokenId token);
  void take_thought(std::string_view text);
  void take_forced(TokenId token);
  const std::vector<TokenId>& overshooting();
  std::size_t advance(std::size_t seen, char byte) const;
  std::optional<std::size_t> closes_at(std::string_view text) const;

  const VocabularyTrie& trie_;
  std::unique_ptr<GrammarConstraint> form_;
  std::string open_, close_, after_close_;  // the tags
  std::vector<TokenId> open_tokens_;
  std::vector<TokenId> close_tokens_;  // the closing tag and what follows it
  std::optional<std::uint32_t> budget_;
  Where where_;
  std::size_t opened_ = 0;      // tokens of the opening tag that have come
  bool form_follows_ = true;    // they may be the form's beginning as well
  std::string start_;           // of an answer without a form, while it may become the opening tag
  std::deque<TokenId> forced_;  // what has to come next
  std::uint32_t thoughts_ = 0;  // tokens
  std::size_t seen_ = 0;        // bytes of the closing tag that have just come
  unsigned unfinished_ = 0;     // bytes that the last character still lacks
  // By seen_: the tokens that would complete the closing tag and go on wrongly.
  std::vector<std::optional<std::vector<TokenId>>> overshooting_;
};

}  // namespace redbolt::llm
