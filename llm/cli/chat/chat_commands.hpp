// What begins with '/' in a chat: commands, as a table.
#pragma once

#include <string>

#include "cli/chat/chat_session.hpp"

namespace redbolt::llm::cli {

enum class ChatNext { go_on, quit };

// Whether a message is a command and not said to the model.
bool is_command(const std::string& text);

// Does it. What is wrong with it is said on the session's notes; nothing is thrown for it.
ChatNext run_command(const std::string& text, ChatSession& session);

}  // namespace redbolt::llm::cli
