#include "chat/template_format.hpp"

#include <chrono>
#include <utility>

#include "chat/conversation_values.hpp"
#include "chat/jinja/characters.hpp"
#include "chat/template_probe.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

using jinja::Origin;
using jinja::Text;

std::string_view without_space_at_end(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\n\v\f\r");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// The prompt up to the end of its last message's text.
Text left_open(const Text& prompt, const Conversation& conversation) {
  const std::string_view content = conversation.messages.empty()
                                       ? std::string_view()
                                       : without_space_at_end(conversation.messages.back().content);
  const std::size_t found = prompt.bytes().rfind(content);
  if (content.empty() || found == std::string::npos) {
    throw LlmError(ErrorCode::unsupported_chat,
                   "the last message cannot be gone on with: the model's chat template does not "
                   "write it as it is");
  }
  return prompt.slice(0, found + content.size());
}

std::vector<TextSegment> segments_of(const Text& text) {
  std::vector<TextSegment> segments;
  std::size_t start = 0;
  for (const Text::Run& run : text.runs()) {
    segments.push_back({text.bytes().substr(start, run.end - start),
                        run.origin == Origin::markup ? SpecialTokens::all : SpecialTokens::none});
    start = run.end;
  }
  return segments;
}

}  // namespace

ChatTemplate::ChatTemplate(const std::string& source, TemplateTokens tokens)
    : template_(source), tokens_(std::move(tokens)) {
  style_ = probe_style(*this, source);
  traits_ = probe_traits(*this, source);
}

Text ChatTemplate::render(const Conversation& conversation, const TemplateStyle& style) const {
  const auto now = conversation.now.value_or(
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  jinja::Runtime runtime(jinja::Limits{}, now);
  jinja::Scope globals(nullptr);
  globals.set("bos_token", runtime.markup(tokens_.bos));
  globals.set("eos_token", runtime.markup(tokens_.eos));
  globals.set("unk_token", runtime.markup(tokens_.unknown));
  define_conversation(runtime, globals, conversation, style);
  return template_.render(runtime, globals);
}

TemplateFormat::TemplateFormat(std::string name, const std::string& source,
                               const std::optional<std::string>& with_tools,
                               const TemplateTokens& tokens)
    : name_(std::move(name)), plain_(source, tokens), traits_(plain_.traits()) {
  if (!with_tools) return;
  with_tools_.emplace(*with_tools, tokens);
  traits_.renders_tools = with_tools_->traits().renders_tools;
  traits_.answer.tools = with_tools_->traits().answer.tools;
}

std::vector<TextSegment> TemplateFormat::prompt(const Conversation& conversation) const {
  const bool tools = with_tools_ && !conversation.tools.empty();
  Text prompt = (tools ? *with_tools_ : plain_).render(conversation);
  if (conversation.continue_final_message) prompt = left_open(prompt, conversation);
  std::vector<TextSegment> segments = segments_of(prompt);
  // A template that always opens a thought has no way to say that there shall be none: the thought
  // is closed for it.
  if (conversation.thinking == Thinking::off && ends_in_thought(segments, traits_)) {
    prompt.append("\n", Origin::markup);
    prompt.append(traits_.answer.thinking.close, Origin::markup);
    prompt.append("\n\n", Origin::markup);
    segments = segments_of(prompt);
  }
  return segments;
}

}  // namespace redbolt::llm
