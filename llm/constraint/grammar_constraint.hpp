// A grammar as a constraint on tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "constraint/acceptor.hpp"
#include "constraint/vocabulary_trie.hpp"
#include "redbolt/llm/engine/token_constraint.hpp"

namespace redbolt::llm {

class GrammarConstraint final : public TokenConstraint {
 public:
  // `trie` must outlive the constraint. end_tokens: those that may come where the form may end.
  GrammarConstraint(std::shared_ptr<const Grammar> grammar, const VocabularyTrie& trie,
                    std::vector<TokenId> end_tokens);

  bool restricts() const override { return true; }
  void allow(std::span<std::uint32_t> mask) override;
  // Throws LlmError{bad_argument} for a token that was not allowed.
  void accept(TokenId token) override;

  // Bytes that came otherwise than as a token of their own. False, and nothing taken, if they do
  // not fit.
  bool feed(std::string_view bytes);
  // As if nothing had come.
  void restart();
  bool fits(std::string_view bytes) { return after(bytes) != Acceptor::kDead; }

 private:
  Acceptor::State after(std::string_view bytes);
  void compute(std::span<std::uint32_t> mask);
  void forget();
  void remember(std::span<const std::uint32_t> mask);

  std::shared_ptr<const Grammar> grammar_;
  const VocabularyTrie& trie_;
  std::vector<TokenId> end_tokens_;
  Acceptor acceptor_;
  Acceptor::State state_;
  bool ended_ = false;
  // Masks of states that have come before: a form keeps coming back to a few.
  std::unordered_map<Acceptor::State, std::vector<std::uint32_t>> masks_;
};

}  // namespace redbolt::llm
