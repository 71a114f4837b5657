// What is said in a chat, as types; a ChatFormat makes a prompt of it.
#pragma once

#include <string>
#include <vector>

namespace redbolt::llm {

enum class Role { system, user, assistant, tool };

// A call that the assistant made of a tool it was offered.
struct ToolCall {
  std::string name;
  std::string arguments;  // a JSON object, as text
};

struct Message {
  Role role = Role::user;
  std::string content;
  // Of the assistant: what it thought before it answered, and the tools it called.
  std::string reasoning;
  std::vector<ToolCall> tool_calls;
};

// Whether a model that can think before it answers does so.
enum class Thinking { model_default, off };

struct Conversation {
  std::vector<Message> messages;
  std::vector<std::string> tools;  // each a JSON object, as text: what the model may call
  Thinking thinking = Thinking::model_default;
};

}  // namespace redbolt::llm
