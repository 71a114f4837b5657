// Text to token ids and back, as the model's file defines it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/llm/gguf/metadata.hpp"
#include "redbolt/llm/tokenizer/vocabulary.hpp"

namespace redbolt::llm {

class PieceEncoder;

// Which tokens a text may name by their own text, such as "<|im_end|>".
enum class SpecialTokens {
  none,          // no token: text that somebody else wrote stays text
  user_defined,  // the vocabulary's user-defined tokens, but no control tokens
  all,           // control tokens too: text that is part of a template
};

// A stretch of text and what may be special in it.
struct TextSegment {
  std::string text;
  SpecialTokens special = SpecialTokens::none;
};

class Tokenizer {
 public:
  // Throws LlmError when the file's tokenizer is damaged or of a kind that is not supported.
  explicit Tokenizer(const Metadata& metadata);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  const Vocabulary& vocabulary() const { return *vocabulary_; }

  // The ids of a text. Nothing is put in front or at the end.
  std::vector<TokenId> encode(std::string_view text, SpecialTokens special) const;
  // The ids of a text in segments. Special tokens are cut within a segment, never across two; the
  // rest is tokenized as if it had been one text.
  std::vector<TokenId> encode(std::span<const TextSegment> segments) const;

  // The token that the model expects in front of every input, if any.
  std::optional<TokenId> leading_token() const;

  // What a token adds to the output, as bytes; a character may span several tokens. Control tokens,
  // unused tokens and ids beyond the vocabulary add nothing.
  std::string bytes(TokenId id) const;

 private:
  // Heap-allocated: encoder_ refers to it.
  std::unique_ptr<Vocabulary> vocabulary_;
  std::unique_ptr<PieceEncoder> encoder_;
  // Tokens that can be named by their text, longest text first.
  std::vector<TokenId> nameable_;
};

}  // namespace redbolt::llm
