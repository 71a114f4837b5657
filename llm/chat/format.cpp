#include "redbolt/llm/chat/format.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "chat/builtin_templates.hpp"
#include "chat/template_format.hpp"

namespace redbolt::llm {
namespace {

// What a template is called in messages: the first row whose marks all occur in it.
struct KnownTemplate {
  std::string_view name;
  std::array<std::string_view, 2> marks;
};

constexpr std::array<KnownTemplate, 11> kKnown = {{
    {"chatml (qwen3)", {"<|im_start|>", "enable_thinking"}},
    {"chatml (qwen3, thinking)", {"<|im_start|>", "assistant\\n<think>\\n' }}"}},
    {"chatml (qwen2.5)", {"<|im_start|>", "You are Qwen, created by Alibaba Cloud."}},
    {"chatml", {"<|im_start|>", ""}},
    {"llama3", {"<|start_header_id|>", ""}},
    {"mistral", {"[INST]", ""}},
    {"gemma", {"<start_of_turn>", ""}},
    {"deepseek",
     {"<\xEF\xBD\x9C"
      "User\xEF\xBD\x9C>",
      ""}},
    {"harmony", {"<|channel|>", ""}},
    {"granite", {"<|start_of_role|>", ""}},
    {"command-r", {"<|START_OF_TURN_TOKEN|>", ""}},
}};

std::string_view name_of(std::string_view source) {
  const auto* const known = std::ranges::find_if(kKnown, [&](const KnownTemplate& row) {
    return std::ranges::all_of(row.marks, [&](std::string_view mark) {
      return source.find(mark) != std::string_view::npos;
    });
  });
  return known == kKnown.end() ? "the model's own template" : known->name;
}

TemplateTokens tokens_of(const Vocabulary& vocabulary) {
  const auto text = [&](std::optional<TokenId> id) {
    const bool known = id && *id < vocabulary.size();
    return known ? std::string(vocabulary.text(*id)) : std::string();
  };
  return {text(vocabulary.bos()), text(vocabulary.eos()), text(vocabulary.unknown())};
}

}  // namespace

std::unique_ptr<ChatFormat> choose_chat_format(const Metadata& metadata,
                                               const Vocabulary& vocabulary) {
  const std::string key = "tokenizer.chat_template";
  const TemplateTokens tokens = tokens_of(vocabulary);
  const auto source = metadata.find_string(key);
  if (source && !source->empty()) {
    std::optional<std::string> with_tools;
    if (const auto text = metadata.find_string(key + ".tool_use")) with_tools = *text;
    return std::make_unique<TemplateFormat>(std::string(name_of(*source)), std::string(*source),
                                            with_tools, tokens);
  }
  const BuiltinTemplate* const builtin =
      builtin_template([&](std::string_view token) { return vocabulary.find(token).has_value(); });
  if (builtin != nullptr) {
    return std::make_unique<TemplateFormat>(std::string(builtin->name),
                                            std::string(builtin->source), std::nullopt, tokens);
  }
  throw LlmError(ErrorCode::unsupported_chat,
                 "the model has no chat template, and its tokens are neither ChatML's nor Llama "
                 "3's; write the whole prompt yourself and give it with --raw");
}

bool ends_in_thought(const std::vector<TextSegment>& prompt, const ChatTraits& traits) {
  return !traits.answer.thinking.open.empty() && prompt_opens_thinking(join(prompt), traits.answer);
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
