// A chat's messages and tools as OpenAI's requests have them.
#pragma once

#include <string>

#include "server/generation/task.hpp"
#include "server/json/fields.hpp"

namespace redbolt::llm::server::openai {

// "messages" into task.conversation. Throws ApiError.
void read_messages(const Fields& fields, ChatTask& task);

// "tools", "tool_choice", "parallel_tool_calls".
void read_tools(const Fields& fields, ChatTask& task);

// A tool call's arguments: a JSON object, as text or, as Ollama has it, as such.
std::string read_arguments(const Fields& function);

}  // namespace redbolt::llm::server::openai
