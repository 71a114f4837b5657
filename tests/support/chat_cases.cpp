#include "chat_cases.hpp"

#include <chrono>
#include <fstream>
#include <map>
#include <stdexcept>

#include "gguf_builder.hpp"
#include "redbolt/llm/gguf/file.hpp"

namespace redbolt::test {
namespace {

llm::Message message_of(const Json& spoken) {
  static const std::map<std::string, llm::Role> kRoles = {{"system", llm::Role::system},
                                                          {"user", llm::Role::user},
                                                          {"assistant", llm::Role::assistant},
                                                          {"tool", llm::Role::tool}};
  llm::Message message{kRoles.at(spoken["role"]), spoken["content"], {}, {}};
  message.reasoning = spoken.value("reasoning_content", "");
  message.name = spoken.value("name", "");
  message.tool_call_id = spoken.value("tool_call_id", "");
  for (const Json& call : spoken.value("tool_calls", Json::array())) {
    message.tool_calls.push_back({call["name"], call["arguments"], call["id"]});
  }
  return message;
}

}  // namespace

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

Json read_json(const std::filesystem::path& path) {
  return Json::parse(read_text(path));
}

llm::Conversation conversation_of(const Json& row) {
  llm::Conversation conversation;
  for (const Json& spoken : row["messages"]) conversation.messages.push_back(message_of(spoken));
  for (const Json& tool : row.value("tools", Json::array())) {
    conversation.tools.push_back(tool.dump());
  }
  const std::string thinking = row.value("thinking", "");
  if (!thinking.empty()) {
    conversation.thinking = thinking == "on" ? llm::Thinking::on : llm::Thinking::off;
  }
  conversation.reasoning_effort = row.value("reasoning_effort", "");
  if (row.contains("kwargs")) conversation.template_arguments = row["kwargs"].dump();
  conversation.add_generation_prompt = row.value("add_generation_prompt", true);
  conversation.now =
      std::chrono::sys_days(std::chrono::year(2026) / 2 / 3) + std::chrono::hours(12);
  return conversation;
}

std::unique_ptr<llm::ChatFormat> format_of(const std::string& source, const Json& row) {
  auto builder = GgufBuilder()
                     .text("tokenizer.ggml.model", "gpt2")
                     .texts("tokenizer.ggml.tokens", {row.value("bos", ""), row.value("eos", "")})
                     .text("tokenizer.chat_template", source);
  if (row.contains("bos")) builder.u32("tokenizer.ggml.bos_token_id", 0);
  if (row.contains("eos")) builder.u32("tokenizer.ggml.eos_token_id", 1);
  const auto file = builder.build();
  const llm::Metadata metadata = llm::parse_gguf(file).metadata;
  return llm::choose_chat_format(metadata, llm::Vocabulary(metadata));
}

}  // namespace redbolt::test
