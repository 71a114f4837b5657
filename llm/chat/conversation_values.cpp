#include "chat/conversation_values.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/call_ids.hpp"
#include "chat/json_value.hpp"
#include "chat/turns.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

using jinja::Dict;
using jinja::List;
using jinja::Value;

// Variables that are not the caller's to set.
constexpr std::array<std::string_view, 7> kReserved = {
    "messages",  "tools",     "add_generation_prompt", "bos_token",
    "eos_token", "unk_token", "raise_exception"};

std::string_view role_name(Role role) {
  constexpr std::array<std::string_view, 5> kNames = {"system", "user", "assistant", "tool",
                                                      "developer"};
  return kNames.at(static_cast<std::size_t>(role));
}

class Writer {
 public:
  Writer(jinja::Runtime& runtime, const TemplateStyle& style)
      : runtime_(runtime), style_(style), ids_(style.short_ids) {}

  Value messages(const Conversation& conversation) {
    List* const list = runtime_.list({});
    for (const Turn& turn : make_turns(conversation, style_)) runtime_.append(*list, message(turn));
    return list;
  }

  Value tools(const Conversation& conversation) {
    if (conversation.tools.empty() || !style_.tools) return jinja::None();
    List* const list = runtime_.list({});
    for (const std::string& tool : conversation.tools) {
      runtime_.append(*list, *value_of_json(runtime_, tool));
    }
    return list;
  }

 private:
  void set(Dict& dict, std::string_view key, Value value) {
    runtime_.set(dict, runtime_.markup(key), std::move(value));
  }
  void set_input(Dict& dict, std::string_view key, const std::string& text) {
    if (!text.empty()) set(dict, key, input(text));
  }
  Value input(const std::string& text) {
    return runtime_.text(jinja::Text(text, jinja::Origin::input));
  }

  Value message(const Turn& turn) {
    Dict* const dict = runtime_.dict();
    // Of a fixed set, so that it may be part of a special token, as in '<|' + role + '|>'.
    set(*dict, "role", runtime_.markup(role_name(turn.role)));
    set(*dict, "content", content(turn));
    if (turn.message != nullptr) set_input(*dict, "name", turn.message->name);
    if (turn.role == Role::tool) set(*dict, "tool_call_id", input(ids_.of_result(*turn.message)));
    if (!turn.calls.empty()) set(*dict, "tool_calls", calls(turn));
    if (turn.message == nullptr) return dict;
    set_input(*dict, "reasoning_content", turn.message->reasoning);
    // A call's message has one place for words, whatever they are.
    const bool has_place = turn.calls.empty() || turn.content.empty();
    if (style_.thinking_field && has_place) set_input(*dict, "thinking", turn.message->reasoning);
    return dict;
  }

  Value content(const Turn& turn) {
    if (turn.content.empty() && !turn.calls.empty() && style_.no_empty_content)
      return jinja::None();
    const Value text = runtime_.text(turn.content);
    if (!style_.content_in_parts) return text;
    Dict* const part = runtime_.dict();
    set(*part, "type", runtime_.markup("text"));
    set(*part, "text", text);
    return runtime_.list({part});
  }

  Value calls(const Turn& turn) {
    List* const list = runtime_.list({});
    for (const ToolCall& call : turn.calls) {
      Dict* const function = runtime_.dict();
      set(*function, "name", input(call.name));
      set(*function, "arguments", arguments(call));
      Dict* const dict = runtime_.dict();
      set(*dict, "id", input(ids_.of_call(call)));
      set(*dict, "type", runtime_.markup("function"));
      set(*dict, "function", function);
      runtime_.append(*list, dict);
    }
    return list;
  }

  // What a model wrote need not be an object, nor JSON; then it stays text.
  Value arguments(const ToolCall& call) {
    const std::string text = call.arguments.empty() ? "{}" : call.arguments;
    if (style_.arguments_as_text) return input(text);
    const auto value = value_of_json(runtime_, text);
    return value && jinja::as_dict(*value) ? *value : input(text);
  }

  jinja::Runtime& runtime_;
  const TemplateStyle& style_;
  CallIds ids_;
};

void check_tools(jinja::Runtime& runtime, const Conversation& conversation) {
  for (std::size_t i = 0; i < conversation.tools.size(); ++i) {
    const auto value = value_of_json(runtime, conversation.tools[i]);
    if (!value || !jinja::as_dict(*value)) {
      throw LlmError(ErrorCode::bad_argument,
                     "tool " + std::to_string(i + 1) + " is not a JSON object");
    }
  }
}

void define_arguments(jinja::Runtime& runtime, jinja::Scope& globals, const std::string& text) {
  if (text.empty()) return;
  const auto value = value_of_json(runtime, text);
  const Dict* const dict = value ? jinja::as_dict(*value) : nullptr;
  if (dict == nullptr) {
    throw LlmError(ErrorCode::bad_argument, "the chat template's arguments are not a JSON object");
  }
  for (const auto& [key, held] : dict->entries()) {
    const std::string& name = jinja::as_text(key)->bytes();
    if (std::ranges::find(kReserved, name) != kReserved.end()) {
      throw LlmError(ErrorCode::bad_argument,
                     "the chat template's argument '" + name + "' cannot be set");
    }
    globals.set(name, held);
  }
}

}  // namespace

void define_conversation(jinja::Runtime& runtime, jinja::Scope& globals,
                         const Conversation& conversation, const TemplateStyle& style) {
  try {
    check_tools(runtime, conversation);
    Writer writer(runtime, style);
    globals.set("messages", writer.messages(conversation));
    globals.set("tools", writer.tools(conversation));
    globals.set("documents", jinja::None());
    const bool open = conversation.continue_final_message;
    globals.set("add_generation_prompt", conversation.add_generation_prompt && !open);
    if (conversation.thinking != Thinking::model_default) {
      const bool on = conversation.thinking == Thinking::on;
      // Qwen and others; DeepSeek and Granite.
      globals.set("enable_thinking", on);
      globals.set("thinking", on);
    }
    if (!conversation.reasoning_effort.empty()) {
      const jinja::Text effort(conversation.reasoning_effort, jinja::Origin::input);
      globals.set("reasoning_effort", runtime.text(effort));
    }
    define_arguments(runtime, globals, conversation.template_arguments);
  } catch (const jinja::Failure& failure) {
    throw LlmError(ErrorCode::bad_argument,
                   std::string("the conversation is too large: ") + failure.what());
  }
}

}  // namespace redbolt::llm
