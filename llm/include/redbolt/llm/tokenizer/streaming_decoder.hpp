// Tokens to text as they are generated. A character whose bytes are spread over several tokens is
// held back until it is whole, so what comes out is always valid UTF-8.
#pragma once

#include <string>

#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::llm {

class StreamingDecoder {
 public:
  // `tokenizer` must outlive the decoder.
  explicit StreamingDecoder(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  // The text that this token completes; often empty or several characters. Bytes that can never
  // become a character come out as U+FFFD.
  std::string push(TokenId id);
  // What is left at the end: U+FFFD for a character that was never completed.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  std::string pending_;  // the start of a character, at most three bytes
};

}  // namespace redbolt::llm
