// What of a prompt stays when a full context is shifted, with the templates of the data. The
// expected texts are the beginnings of the prompts that the templates write, up to the end of the
// system's turn.
#include "redbolt/llm/chat/kept_tokens.hpp"

#include <gtest/gtest.h>

#include "chat_cases.hpp"
#include "redbolt/llm/gguf/model_files.hpp"
#include "test_paths.hpp"

namespace redbolt::llm {
namespace {

const std::filesystem::path kData = REDBOLT_TEST_DATA;
const std::string kSystem = "Answer in one word.";

const Tokenizer& tokenizer() {
  static const ModelFiles files(kData / "tokenizers/qwen3-vocab.gguf");
  static const Tokenizer words(files.metadata());
  return words;
}

std::unique_ptr<ChatFormat> format(const std::string& name) {
  return test::format_of(test::read_text(kData / "chat_templates/templates" / (name + ".jinja")),
                         {{"bos", "<s>"}, {"eos", "</s>"}});
}

Message says(Role role, const std::string& text) {
  Message message;
  message.role = role;
  message.content = text;
  return message;
}

Conversation two_turns() {
  Conversation conversation;
  conversation.messages = {says(Role::system, kSystem), says(Role::user, "The first question?"),
                           says(Role::assistant, "Yes."), says(Role::user, "And the second?")};
  return conversation;
}

// The text of the tokens that stay.
std::string kept(const ChatFormat& format, const Conversation& conversation) {
  const auto prompt = encode_prompt(tokenizer(), format.prompt(conversation));
  const std::uint32_t count = kept_tokens(format, tokenizer(), conversation, prompt);
  std::string text;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string bytes = tokenizer().bytes(prompt[i]);
    text += bytes.empty() ? std::string(tokenizer().vocabulary().text(prompt[i])) : bytes;
  }
  return text;
}

TEST(KeptTokens, AreTheSystemsTurn) {
  const std::string chatml = std::string("<|im_start|>system\n") + kSystem + "<|im_end|>\n";
  EXPECT_EQ(kept(*format("qwen2.5"), two_turns()), chatml);
  EXPECT_EQ(kept(*format("qwen3"), two_turns()), chatml);
  // Where it stands in the user's turn, what is the same whatever the user says: the full stop is
  // one token with the line breaks that follow.
  EXPECT_EQ(kept(*format("own-gemma"), two_turns()),
            std::string("<s><start_of_turn>user\n") + kSystem.substr(0, kSystem.size() - 1));
}

TEST(KeptTokens, IncludeTheToolsThatWereOffered) {
  Conversation conversation = two_turns();
  conversation.tools = {R"({"type": "function", "function": {"name": "look", "parameters": {}}})"};
  const std::string with_system = kept(*format("qwen3"), conversation);
  EXPECT_TRUE(with_system.starts_with(std::string("<|im_start|>system\n") + kSystem))
      << with_system;
  EXPECT_NE(with_system.find("\"look\""), std::string::npos) << with_system;
  EXPECT_TRUE(with_system.ends_with("<|im_end|>\n")) << with_system;
  conversation.messages.erase(conversation.messages.begin());
  EXPECT_NE(kept(*format("qwen3"), conversation).find("\"look\""), std::string::npos);
}

TEST(KeptTokens, AreNoneWhereTheSystemSaysNothing) {
  Conversation conversation = two_turns();
  conversation.messages.erase(conversation.messages.begin());
  EXPECT_EQ(kept(*format("qwen3"), conversation), "");
}

// Whatever the user says: none of it is the system's.
TEST(KeptTokens, AreNeverTheUsers) {
  for (const auto& file : std::filesystem::directory_iterator(kData / "chat_templates/templates")) {
    const std::string name = file.path().stem().string();
    const auto template_format = format(name);
    for (const char* const question : {"- a list?", "The first question?", "?"}) {
      Conversation conversation = two_turns();
      conversation.messages[1].content = question;
      const std::string text = kept(*template_format, conversation);
      const std::string whole = join(template_format->prompt(conversation));
      EXPECT_TRUE(whole.starts_with(text)) << name << ": " << text;
      const auto system = whole.find(kSystem), user = whole.find(question);
      ASSERT_NE(user, std::string::npos) << name;
      EXPECT_LE(text.size(), user) << name << ": " << text;
      // A template may write it before the last question; then nothing can be kept. Where its end
      // and what follows are one token, that one is not kept.
      if (system < user) {
        EXPECT_GE(text.size() + 1, system + kSystem.size()) << name << ": " << whole;
      }
    }
  }
}

}  // namespace
}  // namespace redbolt::llm
