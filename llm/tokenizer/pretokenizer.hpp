// Splits text into the pieces that byte-pair merges stay inside, as the model's pre-tokenizer does.
#pragma once

#include <string_view>
#include <vector>

#include "tokenizer/regex.hpp"

namespace redbolt::llm {

class PreTokenizer {
 public:
  // `name` is the value of tokenizer.ggml.pre. Throws LlmError{unsupported_tokenizer}.
  explicit PreTokenizer(std::string_view name);

  // The text's pieces in order; together they are the text.
  std::vector<std::string_view> split(std::string_view text) const;

  // Whether a beginning-of-text token is put in front when the file does not say.
  bool adds_bos() const { return adds_bos_; }
  // Whether a piece that is a token as a whole is that token, whatever the merges say.
  bool ignores_merges() const { return ignores_merges_; }

 private:
  std::vector<Regex> stages_;
  bool adds_bos_;
  bool ignores_merges_;
};

}  // namespace redbolt::llm
