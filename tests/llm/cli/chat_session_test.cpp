// A chat's turns and commands, with an engine whose answers are written down.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/answer_settings.hpp"
#include "cli/chat/chat_commands.hpp"
#include "cli/chat/chat_session.hpp"
#include "cli/chat/conversation_file.hpp"
#include "cli/usage_error.hpp"
#include "fake_engine.hpp"
#include "program.hpp"
#include "redbolt/llm/error.hpp"
#include "redbolt/llm/gguf/model_files.hpp"
#include "temporary_folder.hpp"
#include "test_paths.hpp"

namespace redbolt::llm::cli {
namespace {

using test_support::FakeEngine;

// Qwen3's vocabulary, and its format.
const ModelFiles& files() {
  static const ModelFiles model(std::filesystem::path(REDBOLT_TEST_DATA) /
                                "tokenizers/qwen3-vocab.gguf");
  return model;
}
const Tokenizer& tokenizer() {
  static const Tokenizer words(files().metadata());
  return words;
}
const ChatFormat& format() {
  static const auto chosen = choose_chat_format(files().metadata(), tokenizer().vocabulary());
  return *chosen;
}

class Chat : public testing::Test {
 protected:
  void open(std::vector<FakeEngine::Line> lines, ChatOptions options = {},
            std::uint32_t context = 4096) {
    engine_ = std::make_unique<FakeEngine>(tokenizer(), std::move(lines), context);
    session_ = std::make_unique<ChatSession>(
        ChatModel{tokenizer(), format(), *engine_, "qwen3:8b", "a model", "{{ template }}"},
        ChatOutlet{[this](std::string_view text) { output_ += text; }, style_,
                   [this](const std::string& line) { notes_ += line + "\n"; },
                   [this] { return stop_ && stop_(); }},
        std::move(options));
  }
  std::string command(const std::string& text) {
    notes_.clear();
    next_ = run_command(text, *session_);
    return notes_;
  }
  // The prompt of a turn, as text.
  std::string prompt(std::size_t turn) const {
    std::string text;
    for (const TokenId token : engine_->prompts.at(turn))
      text += tokenizer().vocabulary().type(token) == TokenType::control
                  ? std::string(tokenizer().vocabulary().text(token))
                  : tokenizer().bytes(token);
    return text;
  }

  test::TemporaryFolder folder_;
  PrinterStyle style_{false, false, true};
  std::function<bool()> stop_;
  std::string output_, notes_;
  ChatNext next_ = ChatNext::go_on;
  std::unique_ptr<FakeEngine> engine_;
  std::unique_ptr<ChatSession> session_;
};

TEST_F(Chat, TurnsFollowEachOther) {
  open({{"Four."}, {"Five."}});
  session_->say("2+2?");
  session_->say("2+3?");
  EXPECT_EQ(output_, "Four.\nFive.\n");
  EXPECT_NE(prompt(1).find("2+2?"), std::string::npos) << prompt(1);
  EXPECT_NE(prompt(1).find("Four."), std::string::npos) << prompt(1);
  EXPECT_LT(prompt(1).find("Four."), prompt(1).find("2+3?"));
  command("/clear");
  session_->say("3+3?");
  EXPECT_EQ(prompt(2).find("Four."), std::string::npos) << prompt(2);
}

TEST_F(Chat, ThoughtsAreApartFromTheAnswer) {
  style_ = {true, true, true};
  open({{"<think>\nhm\x1b[2J\n</think>\n\nYes."}, {"<think>\nhm\n</think>\n\nNo."}});
  session_->say("a");
  EXPECT_EQ(output_, "\x1b[2mhm[2J\x1b[22m\n\nYes.\n");  // nothing that clears the screen
  EXPECT_EQ(session_->messages().back().content, "Yes.");
  output_.clear();
  command("/set hide-thinking");
  session_->say("b");
  EXPECT_EQ(output_, "No.\n");
}

TEST_F(Chat, StopsAreForThisAnswerOnly) {
  open({{"and so on, ", true}, {"Yes."}});
  stop_ = [this] { return output_.size() > 100; };
  session_->say("a");
  EXPECT_TRUE(output_.starts_with("and so on, and so on")) << output_;
  ASSERT_EQ(session_->messages().size(), 2U);
  EXPECT_TRUE(session_->messages().back().content.starts_with("and so on"));
  stop_ = nullptr;
  session_->say("b");
  EXPECT_TRUE(output_.ends_with("Yes.\n")) << output_;
  // Stopped before the first word: as if it had not been asked.
  stop_ = [] { return true; };
  session_->say("c");
  EXPECT_EQ(session_->messages().size() % 2, 0U);
}

TEST_F(Chat, StopStringsAndLimits) {
  open({{"one two three"}, {"a b c d e f g h"}});
  command("/set parameter stop two");
  session_->say("a");
  EXPECT_EQ(output_, "one \n");
  command("/set parameter num_predict 3");
  session_->say("b");
  EXPECT_NE(notes_.find("stopped after"), std::string::npos) << notes_;
}

TEST_F(Chat, FullContext) {
  open({{"Four."}}, {}, 60);
  session_->say("2+2?");
  session_->say(std::string(300, 'x'));
  EXPECT_NE(notes_.find("/clear"), std::string::npos) << notes_;
  EXPECT_EQ(session_->messages().size(), 2U);
  EXPECT_EQ(engine_->prompts.size(), 1U);
}

TEST_F(Chat, OldestTurnsGoWhereThatIsWanted) {
  ChatOptions options;
  options.context_shift = true;
  options.system = "Be brief.";
  open(std::vector<FakeEngine::Line>(20, {"Some words that fill the context."}), options, 120);
  for (int turn = 0; turn < 10; ++turn) session_->say("Question " + std::to_string(turn));
  EXPECT_EQ(engine_->prompts.size(), 10U);
  for (const auto& tokens : engine_->prompts) EXPECT_LT(tokens.size(), 120U);
  EXPECT_NE(prompt(9).find("Be brief."), std::string::npos);
  EXPECT_NE(prompt(9).find("Question 9"), std::string::npos);
  EXPECT_EQ(prompt(9).find("Question 0"), std::string::npos);
  // What the engine is to keep, should an answer fill the context: the system's turn.
  const std::string kept = "<|im_start|>system\nBe brief.<|im_end|>\n";
  EXPECT_TRUE(prompt(9).starts_with(kept)) << prompt(9);
  EXPECT_EQ(engine_->kept[9], tokenizer().encode(kept, SpecialTokens::all).size());
  EXPECT_NE(notes_.find("forgotten"), std::string::npos) << notes_;
  // One that does not fit alone is refused.
  session_->say(std::string(2000, 'x'));
  EXPECT_EQ(engine_->prompts.size(), 10U);
}

TEST_F(Chat, Parameters) {
  open({{"a"}, {"b"}});
  command("/set parameter temperature 0.5");
  command("/set parameter top_k 7");
  command("/set parameter seed 42");
  command("/set parameter repeat-penalty 1.5");
  EXPECT_NE(command("/set parameter temperature hot").find("a number from 0 to 100"),
            std::string::npos);
  EXPECT_NE(command("/set parameter top_p 2").find("a number from 0 to 1"), std::string::npos);
  EXPECT_NE(command("/set parameter top_p nan").find("a number from 0 to 1"), std::string::npos);
  EXPECT_NE(command("/set parameter warmth 1").find("no parameter 'warmth'"), std::string::npos);
  EXPECT_NE(command("/set parameter").find("usage"), std::string::npos);
  const std::string shown = command("/show parameters");
  EXPECT_NE(shown.find("temperature         0.5"), std::string::npos) << shown;
  session_->say("x");
  EXPECT_EQ(engine_->samplings[0].temperature, 0.5F);
  EXPECT_EQ(engine_->samplings[0].top_k, 7U);
  EXPECT_EQ(engine_->samplings[0].seed, 42U);
  EXPECT_EQ(engine_->samplings[0].repeat_penalty, 1.5F);
}

TEST_F(Chat, SystemThinkingAndViews) {
  open({{"a"}, {"b"}, {"c"}});
  command("/set system \"Be brief.\"");
  EXPECT_EQ(command("/show system"), "Be brief.\n");
  EXPECT_EQ(command("/show info"), "a model\n");
  EXPECT_EQ(command("/show template"), "{{ template }}\n");
  EXPECT_NE(command("/show me").find("usage"), std::string::npos);
  session_->say("x");
  EXPECT_NE(prompt(0).find("Be brief."), std::string::npos);
  command("/set think off");
  session_->say("x");
  EXPECT_EQ(session_->options().settings.thinking, Thinking::off);
  command("/set think");
  EXPECT_EQ(session_->options().settings.thinking, Thinking::on);
  EXPECT_NE(command("/set think maybe").find("usage"), std::string::npos);
  command("/set verbose");
  notes_.clear();
  session_->say("x");
  EXPECT_NE(notes_.find("prompt tokens in"), std::string::npos) << notes_;
}

TEST_F(Chat, Commands) {
  open({});
  EXPECT_TRUE(is_command("/bye"));
  EXPECT_FALSE(is_command("bye"));
  for (const char* name : {"/set", "/show", "/save", "/load", "/clear", "/bye", "\"\"\""}) {
    EXPECT_NE(command("/?").find(name), std::string::npos) << name;
    EXPECT_NE(command("/help").find(name), std::string::npos) << name;
  }
  EXPECT_NE(command("/nonsense").find("no command /nonsense"), std::string::npos);
  EXPECT_EQ(next_, ChatNext::go_on);
  command("/bye");
  EXPECT_EQ(next_, ChatNext::quit);
}

TEST_F(Chat, ConversationsAreKept) {
  open({{"<think>\nsum\n</think>\n\nFour."}, {"Five."}});
  command("/set system Be brief.");
  session_->say("2+2?");
  const auto path = folder_.path() / "new" / "talk.json";
  command("/save " + path.string());
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const auto report = nlohmann::json::parse(test::read_file(path));
  EXPECT_EQ(report.at("messages").at(1).at("content"), "Four.");
  EXPECT_EQ(report.at("messages").at(1).at("reasoning_content"), "sum");
  open({{"Five."}});
  EXPECT_NE(command("/load " + path.string()).find("2 messages"), std::string::npos);
  session_->say("2+3?");
  EXPECT_NE(prompt(0).find("Be brief."), std::string::npos);
  EXPECT_NE(prompt(0).find("Four."), std::string::npos);
  EXPECT_NE(command("/load " + (folder_.path() / "none.json").string()).find("cannot read"),
            std::string::npos);
  EXPECT_EQ(session_->messages().size(), 4U);
}

TEST_F(Chat, NamesOfConversations) {
  setenv("XDG_DATA_HOME", folder_.path().c_str(), 1);
  EXPECT_EQ(conversation_path("talk"), folder_.path() / "redbolt/conversations/talk.json");
  unsetenv("XDG_DATA_HOME");
  EXPECT_EQ(conversation_path("./talk"), "./talk");
  EXPECT_EQ(conversation_path("talk.json"), "talk.json");
  EXPECT_THROW(conversation_path(".."), LlmError);
  EXPECT_THROW(conversation_path(""), LlmError);
}

TEST(ConversationFile, WhatIsNone) {
  for (const char* text :
       {"", "7", "[]", "{}", R"({"messages":7})", R"({"messages":[7]})",
        R"({"messages":[{"role":"user","content":7}]})", R"({"messages":[{"content":"x"}]})",
        R"({"messages":[{"role":"tool","content":"x"}]})", R"({"messages":[],"system":[]})",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}"})
    EXPECT_THROW(parse_conversation(text, "x"), LlmError) << text;
  EXPECT_THROW(parse_conversation(std::string(100'000, '['), "x"), LlmError);
  const auto plain = parse_conversation(
      R"({"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}]})", "x");
  EXPECT_EQ(plain.system, "s");
  EXPECT_EQ(plain.messages.size(), 1U);
}

TEST(AnswerSettings, BiasesAreTokens) {
  AnswerSettings settings;
  settings.logit_bias = {"42=-100", " Hello=2.5", "<|im_end|>=1"};
  const SamplingOptions sampling = sampling_for(settings, tokenizer());
  ASSERT_EQ(sampling.logit_bias.size(), 3U);
  EXPECT_EQ(sampling.logit_bias[0].token, 42U);
  EXPECT_EQ(sampling.logit_bias[0].bias, -100.0F);
  EXPECT_EQ(tokenizer().bytes(sampling.logit_bias[1].token), " Hello");
  EXPECT_EQ(sampling.logit_bias[2].token, 151645U);
  for (const char* wrong :
       {"", "42", "=1", "42=", "42=x", "42=101", "999999=1", "several words here=1", "42=nan"}) {
    settings.logit_bias = {wrong};
    EXPECT_THROW(sampling_for(settings, tokenizer()), UsageError) << wrong;
  }
}

}  // namespace
}  // namespace redbolt::llm::cli
