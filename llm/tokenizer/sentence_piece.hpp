// SentencePiece encoding (Llama 2, Mistral): pairs of pieces are joined while their text is a
// token, highest score first.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "tokenizer/piece_encoder.hpp"

namespace redbolt::llm {

class SentencePieceEncoder final : public PieceEncoder {
 public:
  // `vocabulary` must outlive the encoder.
  explicit SentencePieceEncoder(const Vocabulary& vocabulary);

  void encode(std::string_view text, bool at_start, std::vector<TokenId>& ids) const override;
  bool adds_bos() const override { return true; }

 private:
  class Merging;

  void append_piece(std::string_view piece, std::vector<TokenId>& ids) const;

  const Vocabulary& vocabulary_;
  bool space_prefix_;
  std::array<std::optional<TokenId>, 256> byte_tokens_{};
};

// The byte that a token such as "<0x0A>" stands for.
std::optional<std::uint8_t> parse_byte_token(std::string_view text);

}  // namespace redbolt::llm
