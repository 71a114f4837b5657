// redbolt-llm serve with two models of different families on one emulated card.
#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "serve_process.hpp"
#include "test_paths.hpp"

namespace redbolt::test {
namespace {

std::string tiny_model() {
  return std::string(REDBOLT_TEST_DATA) + "/models/tiny-qwen2-Q4_K_M.gguf";
}

Json completion(const std::string& model, const std::string& prompt, int tokens) {
  return {{"model", model}, {"prompt", prompt}, {"temperature", 0}, {"max_tokens", tokens}};
}

struct Question {
  std::string model;
  std::string prompt;
};
const std::vector<Question> kQuestions = {
    {"chat", "What is 2+2? The capital of Italy is"},
    {"tiny", "What is 2+2? The capital of Italy is"},
    {"chat", "One, two, three"},
    {"tiny", "A longer text, which says this and that, and this again and that once more, goes on"},
};

std::string answer(const ServeProcess& server, const Question& question) {
  const Reply reply =
      ask(server.port(),
          post("/v1/completions", completion(question.model, question.prompt, 16).dump()));
  EXPECT_EQ(reply.status, 200U) << reply.body;
  if (reply.status != 200) return "";
  EXPECT_EQ(reply.json().at("model"), question.model);
  return reply.json().at("choices").at(0).at("text");
}

std::vector<std::string> names(const Json& list, const char* key) {
  std::vector<std::string> result;
  for (const Json& one : list) result.push_back(one.at(key));
  return result;
}

class ServeSeveral : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = new ServeProcess({"--ctx", "512"},
                               {"-m", demo_model(), "-m", tiny_model(), "--alias", "chat,tiny"});
  }
  static void TearDownTestSuite() { delete server_; }

  static Json json(const std::string& path) { return ask(server_->port(), get(path)).json(); }

  static inline ServeProcess* server_ = nullptr;
};

TEST_F(ServeSeveral, EachAnswersAtTheSameTimeAsItDoesWhenServedAlone) {
  std::vector<std::string> alone;
  {
    const ServeProcess chat({"--ctx", "512"}, {"-m", demo_model(), "--alias", "chat"});
    const ServeProcess tiny({"--ctx", "512"}, {"-m", tiny_model(), "--alias", "tiny"});
    for (const Question& question : kQuestions)
      alone.push_back(answer(question.model == "chat" ? chat : tiny, question));
  }
  ASSERT_NE(alone[0], alone[1]);
  std::vector<std::future<std::string>> together;
  for (const Question& question : kQuestions)
    together.push_back(std::async(std::launch::async, [&] { return answer(*server_, question); }));
  for (std::size_t i = 0; i < kQuestions.size(); ++i)
    EXPECT_EQ(together[i].get(), alone[i]) << kQuestions[i].model << ": " << kQuestions[i].prompt;
}

TEST_F(ServeSeveral, AStreamOfOneDoesNotHoldTheOther) {
  Json endless = completion("tiny", "On and on", 0);
  endless["max_tokens"] = -1;
  endless["stream"] = true;
  // The control tokens, one of which would end it.
  endless["logit_bias"] = {{"2045", -100}, {"2046", -100}, {"2047", -100}};
  HttpClient client(server_->port());
  client.send(post("/v1/completions", endless.dump()));
  EXPECT_EQ(client.head().status, 200U);
  ASSERT_TRUE(client.chunk());
  const Reply other =
      server_->chat({{"model", "chat"},
                     {"temperature", 0},
                     {"messages", {{{"role", "user"}, {"content", "What is 2+2?"}}}}});
  ASSERT_EQ(other.status, 200U) << other.body;
  EXPECT_EQ(other.json().at("choices").at(0).at("message").at("content"), "2 + 2 is 4.");
  EXPECT_TRUE(client.chunk());
  client.hang_up();
}

TEST_F(ServeSeveral, AllAreNamedWhereverModelsAre) {
  const std::vector<std::string> both{"chat", "tiny"};
  EXPECT_EQ(names(json("/v1/models").at("data"), "id"), both);
  EXPECT_EQ(names(json("/api/tags").at("models"), "model"), both);
  EXPECT_EQ(names(json("/api/ps").at("models"), "model"), both);
  EXPECT_EQ(names(json("/slots"), "model"), both);
  EXPECT_EQ(names(json("/health").at("models"), "id"), both);
  EXPECT_EQ(json("/status").at("models"), Json(both));
  const std::string metrics = ask(server_->port(), get("/metrics")).body;
  for (const std::string& name : both) {
    EXPECT_NE(metrics.find("redbolt_model_ready{model=\"" + name + "\"} 1\n"), std::string::npos)
        << metrics;
  }
  // A file's own name still means its model.
  EXPECT_EQ(json("/v1/models/tiny-qwen2-Q4_K_M").at("id"), "tiny");
  const Reply unknown =
      server_->chat({{"model", "gpt-4o"}, {"messages", {{{"role", "user"}, {"content", "Hi"}}}}});
  EXPECT_EQ(unknown.status, 404U);
  EXPECT_EQ(unknown.json().at("error").at("code"), "model_not_found");
  const std::string message = unknown.json().at("error").at("message");
  EXPECT_NE(message.find("'chat', 'tiny'"), std::string::npos) << message;
}

// The card with its daemon goes and comes back: so do both models.
TEST_F(ServeSeveral, BothComeBackWithTheCard) {
  server_->daemon().kill();
  server_->daemon().start();
  const auto end = std::chrono::steady_clock::now() + ServeProcess::kPatience;
  for (const char* const model : {"chat", "tiny"}) {
    unsigned status = 0;
    while (status != 200 && std::chrono::steady_clock::now() < end) {
      status =
          ask(server_->port(), post("/v1/completions", completion(model, "One", 4).dump())).status;
      EXPECT_TRUE(status == 200 || status == 500 || status == 503) << status;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    EXPECT_EQ(status, 200U) << server_->log();
  }
}

// In an arena in which each alone has room.
TEST(ServeSeveralStart, WhatDoesNotFitTogetherIsSaidBeforeAnythingIsUploaded) {
  const DaemonProcess daemon("emulated", {"--arena", "32M"});
  const std::vector<std::string> card{"--socket", daemon.socket(), "--port", "0"};
  std::vector<std::string> arguments{"serve", "-m", demo_model(), "-m", tiny_model()};
  arguments.insert(arguments.end(), card.begin(), card.end());
  arguments.insert(arguments.end(), {"--ctx", "4096", "--alias", "chat", "--alias", "tiny"});
  const ProgramResult result = run_program("redbolt-llm", arguments);
  EXPECT_EQ(result.exit_code, 1) << result.errors;
  for (const char* const part : {"the models do not fit together", "'chat' needs ", "'tiny' needs ",
                                 "'tiny' does not fit beside those before it: ",
                                 " are missing. Serve fewer models; or", "--ctx "}) {
    EXPECT_NE(result.errors.find(part), std::string::npos) << part << "\n" << result.errors;
  }
  EXPECT_EQ(result.errors.find("uploaded"), std::string::npos) << result.errors;
}

TEST(ServeSeveralStart, MistakesAreSaidAtOnce) {
  const auto refusal = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "serve");
    arguments.insert(arguments.end(), {"--port", "0", "--socket", "/nowhere/redboltd.sock"});
    const ProgramResult result = run_program("redbolt-llm", arguments);
    EXPECT_EQ(result.exit_code, 2) << result.errors;
    return result.errors;
  };
  EXPECT_NE(refusal({"-m", demo_model(), "-m", demo_model(), "--alias", "a,b"}).find("same file"),
            std::string::npos);
  EXPECT_NE(refusal({demo_model(), tiny_model(), "--alias", "a,b,c"}).find("--alias was given 3"),
            std::string::npos);
}

}  // namespace
}  // namespace redbolt::test
