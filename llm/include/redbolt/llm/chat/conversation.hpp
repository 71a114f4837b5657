// What is said in a chat, as types; a ChatFormat makes a prompt of it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace redbolt::llm {

// A format without a developer's role is given the developer's messages as the system's.
enum class Role { system, user, assistant, tool, developer };

// A call that the assistant made of a tool it was offered.
struct ToolCall {
  std::string name;
  std::string arguments;  // a JSON object, as text
  std::string id = {};    // empty: one is made up where the format writes ids
};

struct Message {
  Role role = Role::user;
  std::string content;
  // Of the assistant: what it thought before it answered, and the tools it called.
  std::string reasoning;
  std::vector<ToolCall> tool_calls;
  std::string name = {};          // of who speaks, or of the tool; may be empty
  std::string tool_call_id = {};  // of a tool: the call that it answers; empty: the next in order
};

// Whether a model that can think before it answers does so.
enum class Thinking { model_default, off, on };

struct Conversation {
  std::vector<Message> messages;
  std::vector<std::string> tools;  // each a JSON object, as text: what the model may call
  Thinking thinking = Thinking::model_default;
  // For templates that ask for it: "low", "medium", "high"; empty: the template's own choice.
  std::string reasoning_effort = {};
  // Further variables for the template, a JSON object as text ("chat_template_kwargs"), or empty.
  // `messages`, `tools`, `add_generation_prompt` and the special tokens cannot be set here.
  std::string template_arguments = {};
  // Whether the start of the assistant's next turn is written at the end.
  bool add_generation_prompt = true;
  // The last message is left open, to be gone on with; implies no generation prompt.
  bool continue_final_message = false;
  // What templates that write the date take it from; absent: the system's clock.
  std::optional<std::chrono::sys_seconds> now = {};
};

}  // namespace redbolt::llm
