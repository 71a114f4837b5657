// Byte-level byte-pair encoding (GPT-2, Llama 3, Qwen).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "redbolt/llm/gguf/metadata.hpp"
#include "tokenizer/piece_encoder.hpp"
#include "tokenizer/pretokenizer.hpp"

namespace redbolt::llm {

class BytePairEncoder final : public PieceEncoder {
 public:
  // `vocabulary` must outlive the encoder. Throws LlmError when merges are missing or malformed or
  // the pre-tokenizer is not known.
  BytePairEncoder(const Vocabulary& vocabulary, const Metadata& metadata);

  void encode(std::string_view text, bool at_start, std::vector<TokenId>& ids) const override;
  bool adds_bos() const override { return pretokenizer_.adds_bos(); }

 private:
  // What merges work on: a token's id, or, for a text that only merges know, a number above them.
  using Symbol = std::uint32_t;
  struct Merge {
    std::uint32_t rank;
    Symbol result;
  };

  class SymbolNames;
  class Merging;

  void read_merges(const std::vector<std::string_view>& merges);
  void encode_piece(std::string_view piece, std::vector<TokenId>& ids) const;
  const Merge* find_merge(Symbol left, Symbol right) const;
  void append_symbol(Symbol symbol, std::string_view bytes, std::vector<TokenId>& ids) const;

  const Vocabulary& vocabulary_;
  PreTokenizer pretokenizer_;
  std::array<Symbol, 256> byte_symbols_{};
  std::unordered_map<std::uint64_t, Merge> merges_;  // by (left << 32 | right)
};

}  // namespace redbolt::llm
