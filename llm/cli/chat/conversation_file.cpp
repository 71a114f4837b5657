#include "cli/chat/conversation_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/private_file.hpp"
#include "redbolt/llm/error.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {
namespace {

namespace fs = std::filesystem;

// Far above any context.
constexpr std::uintmax_t kLargestFile = 64 << 20;

fs::path home() {
  const char* const value = std::getenv("HOME");
  return value == nullptr ? "" : value;
}

fs::path data_folder() {
  const char* const value = std::getenv("XDG_DATA_HOME");
  return value != nullptr && *value != '\0' ? fs::path(value) : home() / ".local" / "share";
}

LlmError malformed(const std::string& name, const std::string& why) {
  return {ErrorCode::malformed, name + " is not a saved conversation: " + why};
}

// A text that may be absent.
std::string text_of(const nlohmann::json& object, const char* key, const std::string& name) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return {};
  if (!found->is_string()) throw malformed(name, "'" + std::string(key) + "' is not a text");
  return found->get<std::string>();
}

}  // namespace

fs::path conversation_path(std::string_view name) {
  if (name.starts_with("~/")) return home() / name.substr(2);
  if (name.find('/') != std::string_view::npos || name.ends_with(".json")) return name;
  if (name.empty() || name.starts_with('.'))
    throw LlmError(ErrorCode::bad_argument,
                   "'" + printable(name) + "' is no name for a conversation");
  return data_folder() / "redbolt" / "conversations" / (std::string(name) + ".json");
}

void save_conversation(const fs::path& file, const SavedConversation& conversation) {
  nlohmann::json messages = nlohmann::json::array();
  for (const Message& message : conversation.messages) {
    nlohmann::json entry = {{"role", message.role == Role::user ? "user" : "assistant"},
                            {"content", message.content}};
    if (!message.reasoning.empty()) entry["reasoning_content"] = message.reasoning;
    messages.push_back(std::move(entry));
  }
  const nlohmann::json report = {{"schema_version", 1},
                                 {"model", conversation.model},
                                 {"system", conversation.system},
                                 {"messages", messages}};
  // What people type need not be UTF-8.
  constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
  write_private_file(file, report.dump(2, ' ', false, kReplace) + "\n");
}

SavedConversation parse_conversation(std::string_view text, const std::string& name) {
  const auto report = nlohmann::json::parse(text, nullptr, false);
  if (!report.is_object()) throw malformed(name, "it is not a JSON object");
  const auto messages = report.find("messages");
  if (messages == report.end() || !messages->is_array())
    throw malformed(name, "it has no messages");
  SavedConversation conversation;
  conversation.model = text_of(report, "model", name);
  conversation.system = text_of(report, "system", name);
  for (const nlohmann::json& entry : *messages) {
    if (!entry.is_object()) throw malformed(name, "a message is not an object");
    Message message;
    const std::string role = text_of(entry, "role", name);
    message.content = text_of(entry, "content", name);
    message.reasoning = text_of(entry, "reasoning_content", name);
    if (role == "system" && conversation.messages.empty()) {
      conversation.system = message.content;
      continue;
    }
    if (role != "user" && role != "assistant")
      throw malformed(name, "a message's role is '" + printable(role) + "'");
    message.role = role == "user" ? Role::user : Role::assistant;
    conversation.messages.push_back(std::move(message));
  }
  return conversation;
}

SavedConversation load_conversation(const fs::path& file) {
  std::error_code error;
  if (fs::is_regular_file(file, error) && fs::file_size(file, error) > kLargestFile)
    throw malformed(printable(file.string(), 400), "it is larger than 64 MiB");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream || !fs::is_regular_file(file, error)) {
    throw LlmError(ErrorCode::io, "cannot read " + printable(file.string(), 400) + ": " +
                                      (errno != 0 ? std::strerror(errno) : "not a file"));
  }
  const std::string text((std::istreambuf_iterator<char>(stream)),
                         std::istreambuf_iterator<char>());
  return parse_conversation(text, printable(file.string(), 400));
}

}  // namespace redbolt::llm::cli
