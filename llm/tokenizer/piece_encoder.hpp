// What turns a stretch of plain text, without special tokens, into ids: one class per kind of
// vocabulary.
#pragma once

#include <string_view>
#include <vector>

#include "redbolt/llm/tokenizer/vocabulary.hpp"

namespace redbolt::llm {

class PieceEncoder {
 public:
  PieceEncoder() = default;
  PieceEncoder(const PieceEncoder&) = delete;
  PieceEncoder& operator=(const PieceEncoder&) = delete;
  virtual ~PieceEncoder() = default;

  // Appends the ids of `text`. `at_start`: the text begins the input or follows a special token.
  virtual void encode(std::string_view text, bool at_start, std::vector<TokenId>& ids) const = 0;
  // Whether the model expects a beginning-of-text token when its file does not say.
  virtual bool adds_bos() const = 0;
};

}  // namespace redbolt::llm
