// The bytes of a vocabulary as a trie, walked through an acceptor to find the tokens that fit. Made
// once per model and read by any number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "constraint/acceptor.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::llm {

// Goes in front of the text of a control token that is part of a form: a byte that no text has.
inline constexpr char kControlMark = '\xFF';

class VocabularyTrie {
 public:
  // Throws LlmError{unsupported_tokenizer} when a byte of UTF-8 has no token of its own.
  explicit VocabularyTrie(const Tokenizer& tokenizer);

  // Sets the bits of the tokens that fit in a state.
  void allow(Acceptor& acceptor, Acceptor::State state, std::span<std::uint32_t> mask) const;
  // The same for tokens of a single byte only: every form can be written with them.
  void allow_bytes(Acceptor& acceptor, Acceptor::State state, std::span<std::uint32_t> mask) const;

  // What a token means to a form: its bytes, or kControlMark and its text. Empty: nothing.
  std::string_view piece(TokenId id) const { return pieces_[id]; }
  // The text of a form's tag as tokens can write it: with kControlMark if it is a control token.
  std::string tag(std::string_view text) const;
  // Every token that writes text; no control tokens.
  std::span<const std::uint32_t> text_tokens() const { return text_tokens_; }
  std::size_t tokens() const { return pieces_.size(); }

 private:
  // In depth-first order: a node's subtree follows it.
  struct TrieNode {
    std::uint32_t end;          // of the subtree
    std::uint32_t first_token;  // into the trie's list of tokens
    std::uint16_t tokens;       // that end here
    std::uint16_t depth;        // bytes so far, from 1
    std::uint8_t byte;
  };
  struct Trie {
    std::vector<TrieNode> nodes;
    std::vector<TokenId> tokens;
    std::size_t deepest = 0;
  };
  // Tokens that are free text throughout, and the others.
  struct FreePart {
    std::vector<std::uint32_t> mask;
    Trie others;
    std::uint32_t longest = 0;  // characters of the longest free one
  };

  static Trie build(std::span<const std::string> pieces, std::vector<TokenId> ids);
  FreePart split(const std::vector<TokenId>& ids, FreeText kind) const;
  static void walk(const Trie& trie, Acceptor& acceptor, Acceptor::State state,
                   std::span<std::uint32_t> mask);
  const FreePart* free_part(const Acceptor& acceptor, Acceptor::State state) const;
  void require_all_bytes() const;

  std::vector<std::string> pieces_;
  std::vector<std::string> control_marks_;  // the tags that are control tokens
  std::array<std::optional<TokenId>, 256> byte_tokens_;
  std::vector<std::uint32_t> text_tokens_;
  Trie all_;
  FreePart json_string_, raw_;
};

void set_bit(std::span<std::uint32_t> mask, TokenId id);

}  // namespace redbolt::llm
