#include "constraint/grammar_constraint.hpp"

#include <algorithm>
#include <utility>

#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

constexpr std::size_t kMasksKept = 64;

}  // namespace

GrammarConstraint::GrammarConstraint(std::shared_ptr<const Grammar> grammar,
                                     const VocabularyTrie& trie, std::vector<TokenId> end_tokens)
    : grammar_(std::move(grammar)),
      trie_(trie),
      end_tokens_(std::move(end_tokens)),
      acceptor_(grammar_),
      state_(acceptor_.start()) {}

void GrammarConstraint::allow(std::span<std::uint32_t> mask) {
  if (ended_ || acceptor_.accepts(state_)) {
    for (const TokenId id : end_tokens_) set_bit(mask, id);
  }
  if (ended_) return;
  if (const auto known = masks_.find(state_); known != masks_.end()) {
    const std::size_t words = std::min(mask.size(), known->second.size());
    for (std::size_t i = 0; i < words; ++i) mask[i] |= known->second[i];
    return;
  }
  compute(mask);
  remember(mask);
}

void GrammarConstraint::compute(std::span<std::uint32_t> mask) {
  if (acceptor_.remembers_much()) forget();
  trie_.allow(acceptor_, state_, mask);
  // A form of very many states may have used up what can be remembered before a token fitted.
  if (std::ranges::all_of(mask, [](std::uint32_t word) { return word == 0; })) {
    forget();
    trie_.allow_bytes(acceptor_, state_, mask);
  }
}

void GrammarConstraint::forget() {
  state_ = acceptor_.forget_others(state_);
  masks_.clear();
}

void GrammarConstraint::remember(std::span<const std::uint32_t> mask) {
  if (masks_.size() == kMasksKept) masks_.erase(masks_.begin());
  masks_.emplace(state_, std::vector<std::uint32_t>(mask.begin(), mask.end()));
}

void GrammarConstraint::accept(TokenId token) {
  const bool is_end = std::ranges::find(end_tokens_, token) != end_tokens_.end();
  if (is_end && (ended_ || acceptor_.accepts(state_))) {
    ended_ = true;
    return;
  }
  const std::string_view piece = token < trie_.tokens() ? trie_.piece(token) : std::string_view();
  if (is_end || ended_ || piece.empty() || !feed(piece)) {
    throw LlmError(ErrorCode::bad_argument,
                   "token " + std::to_string(token) + " does not fit the form of the answer");
  }
}

void GrammarConstraint::restart() {
  acceptor_ = Acceptor(grammar_);
  state_ = acceptor_.start();
  masks_.clear();
  ended_ = false;
}

bool GrammarConstraint::feed(std::string_view bytes) {
  const Acceptor::State state = after(bytes);
  if (state == Acceptor::kDead) return false;
  state_ = state;
  return true;
}

Acceptor::State GrammarConstraint::after(std::string_view bytes) {
  Acceptor::State state = state_;
  for (const char byte : bytes) {
    state = acceptor_.step(state, static_cast<std::uint8_t>(byte));
    if (state == Acceptor::kDead) break;
  }
  return state;
}

}  // namespace redbolt::llm
