#include "redbolt/llm/output/answer_decoder.hpp"

#include "output/call_marks.hpp"

namespace redbolt::llm {
AnswerDecoder::AnswerDecoder(const Tokenizer& tokenizer)
    : tokenizer_(tokenizer),
      decoder_(tokenizer),
      channels_(tokenizer.vocabulary().find(kChannelMark).has_value()) {}

std::string AnswerDecoder::push(TokenId id) {
  const Vocabulary& vocabulary = tokenizer_.vocabulary();
  const bool control = id < vocabulary.size() && vocabulary.type(id) == TokenType::control;
  const bool mark = control && is_answer_mark(vocabulary.text(id)) &&
                    (channels_ || !is_channel_mark(vocabulary.text(id)));
  if (!mark) return decoder_.push(id);
  std::string text = decoder_.finish();
  text += vocabulary.text(id);
  return text;
}

}  // namespace redbolt::llm
