#include "redbolt/llm/output/answer_decoder.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "redbolt/llm/output/answer_format.hpp"

namespace redbolt::llm {
namespace {

constexpr std::array<std::string_view, 4> kCallMarks = {"<tool_call>", "</tool_call>",
                                                        "<|python_tag|>", "[TOOL_CALLS]"};
constexpr std::string_view kArgumentsMark = "[ARGS]";

bool belongs_to_answers(std::string_view text) {
  if (text == kArgumentsMark || std::ranges::find(kCallMarks, text) != kCallMarks.end())
    return true;
  return std::ranges::any_of(known_thinking_tags(), [&](const ThinkingTags& tags) {
    return text == tags.open || text == tags.close;
  });
}

}  // namespace

AnswerDecoder::AnswerDecoder(const Tokenizer& tokenizer)
    : tokenizer_(tokenizer), decoder_(tokenizer) {}

std::string AnswerDecoder::push(TokenId id) {
  const Vocabulary& vocabulary = tokenizer_.vocabulary();
  const bool control = id < vocabulary.size() && vocabulary.type(id) == TokenType::control;
  if (!control || !belongs_to_answers(vocabulary.text(id))) return decoder_.push(id);
  std::string text = decoder_.finish();
  text += vocabulary.text(id);
  return text;
}

}  // namespace redbolt::llm
