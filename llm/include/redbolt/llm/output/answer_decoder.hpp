// Tokens of an answer to text for AnswerParser: as StreamingDecoder, but control tokens that belong
// to an answer's form ("[TOOL_CALLS]", "<|python_tag|>") come out as their text instead of nothing.
#pragma once

#include <string>

#include "redbolt/llm/tokenizer/streaming_decoder.hpp"

namespace redbolt::llm {

class AnswerDecoder {
 public:
  // `tokenizer` must outlive the decoder.
  explicit AnswerDecoder(const Tokenizer& tokenizer);

  std::string push(TokenId id);
  std::string finish() { return decoder_.finish(); }

 private:
  const Tokenizer& tokenizer_;
  StreamingDecoder decoder_;
  bool channels_;  // the vocabulary is one of a model that answers in channels
};

}  // namespace redbolt::llm
