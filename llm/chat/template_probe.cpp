#include "chat/template_probe.hpp"

#include <optional>
#include <string_view>

#include "chat/template_format.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

// Words that no template has of its own.
constexpr std::string_view kSystem = "rbSystemWords";
constexpr std::string_view kUser = "rbUserWords";
constexpr std::string_view kTool = "rb_probe_tool";
constexpr std::string_view kArgument = "rb_probe_argument";
constexpr std::string_view kOther = "rb_other_argument";
constexpr std::string_view kResult = "rbResultWords";

std::optional<std::string> rendered(const ChatTemplate& chat_template,
                                    const Conversation& conversation, const TemplateStyle& style) {
  try {
    return chat_template.render(conversation, style).bytes();
  } catch (const LlmError&) {
    return std::nullopt;
  }
}

bool shows(const std::optional<std::string>& text, std::string_view words) {
  return text && text->find(words) != std::string::npos;
}

Message said(Role role, std::string_view words) {
  return {role, std::string(words), {}, {}};
}

Conversation one_question() {
  Conversation conversation;
  conversation.messages = {said(Role::user, kUser)};
  return conversation;
}

Conversation with_tool() {
  Conversation conversation = one_question();
  conversation.tools = {R"({"type": "function", "function": {"name": ")" + std::string(kTool) +
                        R"(", "description": "x", "parameters": {"type": "object", "properties": )"
                        R"({"x": {"type": "string", "description": "x"}}, "required": ["x"]}}})"};
  return conversation;
}

Conversation with_call(bool answered) {
  Conversation conversation = with_tool();
  Message call = said(Role::assistant, "");
  call.tool_calls = {
      {std::string(kTool), "{\"" + std::string(kArgument) + "\": \"x\"}", "call_0123456789abcdef"}};
  conversation.messages.push_back(std::move(call));
  if (answered) {
    Message result = said(Role::tool, kResult);
    result.name = kTool;
    result.tool_call_id = "call_0123456789abcdef";
    conversation.messages.push_back(std::move(result));
  }
  return conversation;
}

Conversation with_two_calls() {
  Conversation conversation = with_call(false);
  conversation.messages.back().tool_calls.push_back(
      {std::string(kTool), "{\"" + std::string(kOther) + "\": \"x\"}", "call_fedcba9876543210"});
  return conversation;
}

// Whether the call is there, with its arguments neither as Python writes mappings nor as a string
// of JSON written as JSON once more.
bool shows_call(const std::optional<std::string>& text) {
  const std::string argument(kArgument);
  return shows(text, argument) && !shows(text, "'" + argument + "'") &&
         !shows(text, "\\\"" + argument);
}

// Mappings before text, as the models were trained; the rest only where it does not work without.
void probe_calls(const ChatTemplate& chat_template, TemplateStyle& style) {
  for (const bool answered : {true, false}) {
    for (const unsigned variant : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U}) {
      TemplateStyle tried = style;
      tried.arguments_as_text = (variant & 1U) != 0;
      tried.no_empty_content = (variant & 2U) != 0;
      tried.short_ids = (variant & 4U) != 0;
      const auto text = rendered(chat_template, with_call(answered), tried);
      if (!shows_call(text)) continue;
      style = tried;
      style.tool_results = shows(text, kResult);
      style.one_call = !shows(rendered(chat_template, with_two_calls(), style), kOther);
      return;
    }
  }
  style.tool_calls = false;
  style.tool_results = false;
}

void probe_thinking(const ChatTemplate& chat_template, ChatTraits& traits) {
  traits.thinks = !traits.answer.thinking.open.empty();
  const auto asked = [&](Thinking thinking) {
    Conversation conversation = one_question();
    conversation.thinking = thinking;
    return rendered(chat_template, conversation, chat_template.style());
  };
  const auto unasked = asked(Thinking::model_default);
  traits.opens_thinking = unasked && ends_in_thought({{*unasked, SpecialTokens::all}}, traits);
  traits.thinking_can_be_switched =
      traits.opens_thinking || asked(Thinking::off) != asked(Thinking::on);
}

}  // namespace

TemplateStyle probe_style(const ChatTemplate& chat_template, const std::string& source) {
  TemplateStyle style;
  const auto says = [&](std::string_view word) { return source.find(word) != std::string::npos; };
  style.developer = says("developer");
  style.thinking_field = says(".thinking") || says("'thinking'") || says("\"thinking\"");
  if (!shows(rendered(chat_template, one_question(), style), kUser)) {
    style.content_in_parts = true;
    // No form of a question works: it is left to fail on the conversation itself.
    if (!shows(rendered(chat_template, one_question(), style), kUser)) return {};
  }
  Conversation conversation = one_question();
  conversation.messages.insert(conversation.messages.begin(), said(Role::system, kSystem));
  style.system = shows(rendered(chat_template, conversation, style), kSystem);
  style.tools = shows(rendered(chat_template, with_tool(), style), kTool);
  if (style.tools) {
    probe_calls(chat_template, style);
  } else {
    style.tool_calls = false;
    style.tool_results = false;
  }
  return style;
}

ChatTraits probe_traits(const ChatTemplate& chat_template, const std::string& source) {
  ChatTraits traits;
  traits.renders_tools = chat_template.style().tools;
  traits.answer = detect_answer_format(source);
  // Told of tools in Hermes' way, a model answers in it; but not outside of its channels.
  if (!traits.renders_tools && !traits.answer.has_channels()) {
    traits.answer.tools = ToolSyntax::hermes;
  }
  probe_thinking(chat_template, traits);
  return traits;
}

}  // namespace redbolt::llm
