#include "chat/chatml.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace redbolt::llm {
namespace {

using Reasoning = ChatMlDialect::Reasoning;

const std::array<ChatMlDialect, 4> kDialects = {{
    {"chatml (qwen3)", {"enable_thinking"}, "", Reasoning::optional},
    {"chatml (qwen3, thinking)", {"assistant\\n<think>\\n' }}"}, "", Reasoning::always},
    {"chatml (qwen2.5)",
     {"You are Qwen, created by Alibaba Cloud. You are a helpful assistant."},
     "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
     Reasoning::none},
    {"chatml", {}, "", Reasoning::none},
}};

constexpr std::string_view kToolsBefore =
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>";
constexpr std::string_view kToolsAfter =
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments "
    "within "
    "<tool_call></tool_call> XML tags:\n<tool_call>\n"
    "{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>";

bool starts_with_system(const Conversation& conversation) {
  return !conversation.messages.empty() && conversation.messages.front().role == Role::system;
}

// The position of the last question; an assistant's thoughts before it are dropped.
std::size_t last_user(const Conversation& conversation) {
  const auto& messages = conversation.messages;
  for (std::size_t i = messages.size(); i-- > 0;) {
    if (messages[i].role == Role::user) return i;
  }
  return messages.empty() ? 0 : messages.size() - 1;
}

std::string_view strip_newlines(std::string_view text) {
  while (text.starts_with('\n')) text.remove_prefix(1);
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

// An assistant's turn taken apart into thoughts and answer, wherever the thoughts were kept.
struct Answer {
  std::string_view reasoning;
  std::string_view content;
};

Answer take_apart(const Message& message) {
  constexpr std::string_view kOpen = "<think>";
  constexpr std::string_view kClose = "</think>";
  const std::string_view text = message.content;
  if (!message.reasoning.empty()) return {strip_newlines(message.reasoning), text};
  const std::size_t last_close = text.rfind(kClose);
  if (last_close == std::string_view::npos) return {{}, text};
  std::string_view content = text.substr(last_close + kClose.size());
  while (content.starts_with('\n')) content.remove_prefix(1);
  std::string_view reasoning = text.substr(0, text.find(kClose));
  if (const std::size_t open = reasoning.rfind(kOpen); open != std::string_view::npos) {
    reasoning.remove_prefix(open + kOpen.size());
  }
  return {strip_newlines(reasoning), content};
}

void write_tool_results(const Conversation& conversation, std::size_t index, PromptWriter& writer) {
  const auto& messages = conversation.messages;
  const auto is_tool = [&](std::size_t i) {
    return i < messages.size() && messages[i].role == Role::tool;
  };
  if (index == 0 || !is_tool(index - 1)) writer.markup("<|im_start|>user");
  writer.markup("\n<tool_response>\n")
      .content(messages[index].content)
      .markup("\n</tool_response>");
  if (!is_tool(index + 1)) writer.markup("<|im_end|>\n");
}

}  // namespace

const ChatMlDialect& ChatMl::dialect_of(std::string_view chat_template) {
  return *std::ranges::find_if(kDialects, [&](const ChatMlDialect& dialect) {
    return std::ranges::all_of(dialect.marks, [&](std::string_view mark) {
      return chat_template.find(mark) != std::string_view::npos;
    });
  });
}

ChatMl::ChatMl(const ChatMlDialect& dialect) : dialect_(dialect) {
  traits_.renders_tools = true;
  traits_.thinks = dialect.reasoning != Reasoning::none;
  if (traits_.thinks) traits_.answer.thinking = {"<think>", "</think>"};
  traits_.thinking_can_be_switched = dialect.reasoning == Reasoning::optional;
  traits_.opens_thinking = dialect.reasoning == Reasoning::always;
}

std::vector<TextSegment> ChatMl::prompt(const Conversation& conversation) const {
  PromptWriter writer;
  write_system(conversation, writer);
  const auto& messages = conversation.messages;
  for (std::size_t i = starts_with_system(conversation) ? 1 : 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    switch (message.role) {
      case Role::system:
      case Role::developer:
      case Role::user:
        writer.markup(message.role == Role::user ? "<|im_start|>user\n" : "<|im_start|>system\n");
        writer.content(message.content).markup("<|im_end|>\n");
        break;
      case Role::assistant:
        write_assistant(conversation, i, writer);
        break;
      case Role::tool:
        write_tool_results(conversation, i, writer);
        break;
    }
  }
  write_answer_start(conversation, writer);
  return writer.take();
}

void ChatMl::write_system(const Conversation& conversation, PromptWriter& writer) const {
  const bool given = starts_with_system(conversation);
  const std::string_view system =
      given ? conversation.messages.front().content : dialect_.default_system;
  const bool with_tools = !conversation.tools.empty();
  if (!given && system.empty() && !with_tools) return;
  writer.markup("<|im_start|>system\n").content(system);
  if (with_tools) {
    if (given || !system.empty()) writer.markup("\n\n");
    writer.markup(kToolsBefore);
    for (const std::string& tool : conversation.tools) writer.markup("\n").content(tool);
    writer.markup(kToolsAfter);
  }
  writer.markup("<|im_end|>\n");
}

void ChatMl::write_assistant(const Conversation& conversation, std::size_t index,
                             PromptWriter& writer) const {
  const Message& message = conversation.messages[index];
  writer.markup("<|im_start|>assistant\n");
  Answer answer{{}, message.content};
  if (dialect_.reasoning != Reasoning::none) answer = take_apart(message);
  const bool is_last = index + 1 == conversation.messages.size();
  const bool keeps_thoughts = dialect_.reasoning != Reasoning::none &&
                              index > last_user(conversation) &&
                              (is_last || !answer.reasoning.empty());
  if (keeps_thoughts) {
    writer.markup("<think>\n").content(answer.reasoning).markup("\n</think>\n\n");
    while (answer.content.starts_with('\n')) answer.content.remove_prefix(1);
  }
  writer.content(answer.content);
  bool first = answer.content.empty();
  for (const ToolCall& call : message.tool_calls) {
    if (!first) writer.markup("\n");
    first = false;
    writer.markup("<tool_call>\n{\"name\": \"").content(call.name).markup("\", \"arguments\": ");
    writer.content(call.arguments).markup("}\n</tool_call>");
  }
  writer.markup("<|im_end|>\n");
}

void ChatMl::write_answer_start(const Conversation& conversation, PromptWriter& writer) const {
  writer.markup("<|im_start|>assistant\n");
  if (dialect_.reasoning == Reasoning::always) {
    writer.markup("<think>\n");
  } else if (dialect_.reasoning == Reasoning::optional && conversation.thinking == Thinking::off) {
    writer.markup("<think>\n\n</think>\n\n");
  }
}

}  // namespace redbolt::llm
