// Conversations on disk, as JSON that other programs can read and write.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/llm/chat/conversation.hpp"

namespace redbolt::llm::cli {

struct SavedConversation {
  std::string model;  // with which it was held; may be empty
  std::string system;
  std::vector<Message> messages;  // of user and assistant
};

// The file that a name or path means: NAME is $XDG_DATA_HOME/redbolt/conversations/NAME.json; what
// has a '/' or ends in ".json" is a path, "~/" the home. Throws LlmError{bad_argument} for a name
// that is none.
std::filesystem::path conversation_path(std::string_view name);

// Throws LlmError{io}.
void save_conversation(const std::filesystem::path& file, const SavedConversation& conversation);

// Throws LlmError: io when it cannot be read, malformed when it is not a conversation.
SavedConversation load_conversation(const std::filesystem::path& file);

// The same from text; `name` is for errors.
SavedConversation parse_conversation(std::string_view text, const std::string& name);

}  // namespace redbolt::llm::cli
