#include "redbolt/llm/chat/format.hpp"

#include "chat/chatml.hpp"
#include "chat/llama3.hpp"

namespace redbolt::llm {

std::unique_ptr<ChatFormat> choose_chat_format(const Metadata& metadata,
                                               const Vocabulary& vocabulary) {
  const std::string_view chat_template =
      metadata.find_string("tokenizer.chat_template").value_or(std::string_view());
  // A format is the model's own when its template writes the format's marks; a file without a
  // template is judged by the tokens that it has.
  const auto uses = [&](std::string_view mark) {
    return chat_template.empty() ? vocabulary.find(mark).has_value()
                                 : chat_template.find(mark) != std::string_view::npos;
  };
  if (uses("<|im_start|>")) return std::make_unique<ChatMl>(ChatMl::dialect_of(chat_template));
  if (uses("<|start_header_id|>")) return std::make_unique<Llama3>();
  throw LlmError(
      ErrorCode::unsupported_chat,
      "the model's chat format is neither ChatML nor Llama 3; write the whole prompt yourself and "
      "give it with --raw");
}

bool ends_in_thought(const std::vector<TextSegment>& prompt, const ChatTraits& traits) {
  const std::string text = join(prompt);
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  const std::string_view open = traits.answer.thinking.open;
  return !open.empty() && last != std::string::npos &&
         std::string_view(text).substr(0, last + 1).ends_with(open);
}

std::string join(const std::vector<TextSegment>& segments) {
  std::string text;
  for (const TextSegment& segment : segments) text += segment.text;
  return text;
}

std::vector<TokenId> encode_prompt(const Tokenizer& tokenizer,
                                   const std::vector<TextSegment>& segments) {
  std::vector<TokenId> ids = tokenizer.encode(segments);
  const auto leading = tokenizer.leading_token();
  if (leading && (ids.empty() || ids.front() != *leading)) ids.insert(ids.begin(), *leading);
  return ids;
}

}  // namespace redbolt::llm
