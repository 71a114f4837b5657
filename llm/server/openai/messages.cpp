#include "server/openai/messages.hpp"

#include <algorithm>
#include <array>

#include "redbolt/llm/error.hpp"
#include "server/api_error.hpp"

namespace redbolt::llm::server::openai {
namespace {

struct RoleName {
  std::string_view name;
  Role role;
};

constexpr std::array kRoles = {
    RoleName{"system", Role::system}, RoleName{"developer", Role::developer},
    RoleName{"user", Role::user},     RoleName{"assistant", Role::assistant},
    RoleName{"tool", Role::tool},     RoleName{"function", Role::tool},
};

Role read_role(const Fields& message) {
  const std::string name = message.required_text("role");
  const auto found = std::ranges::find(kRoles, name, &RoleName::name);
  if (found != kRoles.end()) return found->role;
  throw invalid_value(message.path("role"),
                      "it must be 'system', 'developer', 'user', 'assistant' or 'tool'");
}

void add_part(const Json& element, const std::string& path, std::string& text) {
  const Fields part(element, path);
  const std::string type = part.required_text("type");
  if (type == "text" || type == "input_text" || type == "output_text") {
    text += part.required_text("text");
  } else if (type == "refusal") {
    text += part.required_text("refusal");
  } else {
    throw unsupported(part.path("type"),
                      "Parts of the type '" + type + "' are not supported: models here read text.");
  }
}

// Null only where an assistant has nothing but calls to say.
std::string read_content(const Fields& message, Role role) {
  const Json* const content = message.find("content");
  if (content == nullptr) {
    if (role == Role::assistant) return {};
    throw missing_field(message.path("content"));
  }
  if (content->is_string()) return content->get<std::string>();
  if (!content->is_array()) {
    throw invalid_type(message.path("content"), "a string or an array of parts", kind_of(*content));
  }
  std::string text;
  message.each("content", [&](const Json& element, const std::string& path) {
    add_part(element, path, text);
  });
  return text;
}

ToolCall read_call(const Json& element, const std::string& path) {
  const Fields call(element, path);
  const auto function = call.object("function");
  if (!function) throw missing_field(call.path("function"));
  ToolCall read;
  read.name = function->required_text("name");
  read.arguments = read_arguments(*function);
  read.id = call.text("id").value_or("");
  return read;
}

Message read_message(const Json& element, const std::string& path) {
  const Fields fields(element, path);
  Message message;
  message.role = read_role(fields);
  message.content = read_content(fields, message.role);
  message.name = fields.text("name").value_or("");
  message.tool_call_id = fields.text("tool_call_id").value_or("");
  for (const char* name : {"reasoning_content", "reasoning", "thinking"}) {
    if (message.role == Role::assistant && message.reasoning.empty()) {
      message.reasoning = fields.text(name).value_or("");
    }
  }
  if (message.role == Role::tool && message.name.empty()) {
    message.name = fields.text("tool_name").value_or("");  // Ollama's
  }
  fields.each("tool_calls", [&](const Json& call, const std::string& where) {
    message.tool_calls.push_back(read_call(call, where));
  });
  return message;
}

void read_choice(const Fields& fields, ChatTask& task) {
  const Json* const choice = fields.find("tool_choice");
  if (choice == nullptr) return;
  if (choice->is_object()) {
    const Fields named(*choice, "tool_choice");
    named.word("type", {"function"});
    const auto function = named.object("function");
    if (!function) throw missing_field("tool_choice.function");
    task.named_tool = function->required_text("name");
    task.tool_use = ToolUse::required;
    const bool known = std::ranges::any_of(
        task.tools, [&](const ToolDeclaration& tool) { return tool.name == task.named_tool; });
    if (!known) {
      throw invalid_value("tool_choice.function.name",
                          "'" + task.named_tool + "' is not among the tools");
    }
    return;
  }
  if (!choice->is_string()) {
    throw invalid_type("tool_choice", "a string or an object", kind_of(*choice));
  }
  const auto word = fields.word("tool_choice", {"none", "auto", "required"});
  if (*word == "required") {
    if (task.tools.empty()) throw invalid_value("tool_choice", "there are no tools to choose from");
    task.tool_use = ToolUse::required;
  } else if (*word == "none") {
    // What is not offered is not called.
    task.tools.clear();
    task.conversation.tools.clear();
  }
}

}  // namespace

std::string read_arguments(const Fields& function) {
  const Json* const value = function.find("arguments");
  if (value == nullptr) return "{}";
  if (value->is_object()) return to_text(*value);
  const std::string path = function.path("arguments");
  if (!value->is_string()) throw invalid_type(path, "a string", kind_of(*value));
  const auto& text = value->get_ref<const std::string&>();
  if (text.empty()) return "{}";
  try {
    if (parse_body(text, Limits{}).is_object()) return text;
  } catch (const ApiError&) {
    // Which is of the body for a caller who knows nothing else: the field is named below.
  }
  throw invalid_value(path, "it must be a JSON object, as text");
}

void read_messages(const Fields& fields, ChatTask& task) {
  auto& messages = task.conversation.messages;
  const bool there = fields.each("messages", [&](const Json& element, const std::string& path) {
    messages.push_back(read_message(element, path));
  });
  if (!there) throw missing_field("messages");
  if (messages.empty()) throw invalid_value("messages", "there must be at least one message");
  // What the assistant has begun to say is gone on with, as llama-server does it.
  const Message& last = messages.back();
  const bool begun = last.role == Role::assistant && last.tool_calls.empty();
  if (fields.flag("continue_final_message").value_or(begun)) {
    task.conversation.continue_final_message = true;
    task.conversation.add_generation_prompt = false;
  }
}

void read_tools(const Fields& fields, ChatTask& task) {
  fields.each("tools", [&](const Json& element, const std::string& path) {
    const std::string text = to_text(Fields(element, path).json());
    try {
      task.tools.push_back(parse_tool(text));
    } catch (const LlmError& error) {
      throw invalid_value(path, error.what());
    }
    task.conversation.tools.push_back(text);
  });
  task.parallel_tools = fields.flag("parallel_tool_calls").value_or(true);
  read_choice(fields, task);
}

}  // namespace redbolt::llm::server::openai
