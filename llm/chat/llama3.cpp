#include "chat/llama3.hpp"

#include <string_view>

#include "chat/prompt_writer.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

std::string_view role_name(Role role) {
  switch (role) {
    case Role::system:
    case Role::developer:
      return "system";
    case Role::user:
      return "user";
    case Role::assistant:
      return "assistant";
    case Role::tool:
      return "ipython";
  }
  return "user";
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  const std::size_t start = text.find_first_not_of(kSpaces);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kSpaces) - start + 1);
}

void write_header(Role role, PromptWriter& writer) {
  writer.markup("<|start_header_id|>").markup(role_name(role)).markup("<|end_header_id|>\n\n");
}

}  // namespace

std::vector<TextSegment> Llama3::prompt(const Conversation& conversation) const {
  if (!conversation.tools.empty()) {
    throw LlmError(ErrorCode::unsupported_chat,
                   "tools cannot be offered in the Llama 3 chat format");
  }
  PromptWriter writer;
  writer.markup("<|begin_of_text|>");
  for (const Message& message : conversation.messages) {
    write_header(message.role, writer);
    writer.content(trim(message.content)).markup("<|eot_id|>");
  }
  write_header(Role::assistant, writer);
  return writer.take();
}

}  // namespace redbolt::llm
