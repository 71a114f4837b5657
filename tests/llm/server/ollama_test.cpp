// Ollama's endpoints, as its API documentation (docs/api.md there) has them.
#include <gtest/gtest.h>

#include <cstdio>
#include <sstream>
#include <tuple>

#include "test_server.hpp"

namespace redbolt::test {
namespace {

Json request(const Json& more = Json::object()) {
  return question("Hi", more);
}

std::vector<Json> lines_of(const Reply& reply) {
  EXPECT_EQ(reply.status, 200U) << reply.body;
  EXPECT_EQ(reply.headers.at("content-type"), "application/x-ndjson");
  std::vector<Json> lines;
  std::istringstream text(reply.body);
  for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
  return lines;
}

TEST(Ollama, ChatsInLines) {
  TestServer server(always(says("Hello you")));
  const auto lines = lines_of(server.ask(post("/api/chat", request().dump())));
  std::string text;
  for (const Json& line : lines) {
    EXPECT_EQ(line.at("model"), kModelName);
    EXPECT_EQ(line.at("created_at").get<std::string>().size(), 27U);
    EXPECT_EQ(line.at("message").at("role"), "assistant");
    EXPECT_EQ(line.at("done"), &line == &lines.back());
    text += line.at("message").at("content");
  }
  EXPECT_EQ(text, "Hello you");
  const Json& last = lines.back();
  EXPECT_EQ(last.at("done_reason"), "stop");
  EXPECT_GT(last.at("total_duration"), 0);
  EXPECT_GT(last.at("prompt_eval_count"), 3);
  EXPECT_EQ(last.at("prompt_eval_duration"), 20'000'000);  // nanoseconds
  EXPECT_GT(last.at("eval_count"), 1);
}

TEST(Ollama, ChatsInOnePiece) {
  TestServer server(always(says("<think>\nHm.\n</think>\n\nHello")));
  const Reply reply = server.ask(post("/api/chat", request({{"stream", false}}).dump()));
  EXPECT_EQ(reply.headers.at("content-type"), "application/json");
  EXPECT_EQ(reply.json().at("message").at("content"), "Hello");
  EXPECT_EQ(reply.json().at("message").at("thinking"), "Hm.");
  EXPECT_EQ(reply.json().at("done"), true);
}

TEST(Ollama, CallsComeWholeWithArgumentsAsAnObject) {
  TestServer server(
      always(says("<tool_call>\n{\"name\": \"calculator\", \"arguments\": {\"expression\": "
                  "\"1+2\"}}\n</tool_call>")));
  const Json tool = Json::parse(R"({"type": "function", "function": {"name": "calculator",
    "parameters": {"type": "object", "properties": {"expression": {"type": "string"}}}}})");
  const auto lines = lines_of(server.ask(post("/api/chat", request({{"tools", {tool}}}).dump())));
  std::vector<Json> calls;
  for (const Json& line : lines) {
    if (line.at("message").contains("tool_calls"))
      calls.push_back(line.at("message").at("tool_calls"));
  }
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0], Json::parse(R"([{"function": {"name": "calculator",
    "arguments": {"expression": "1+2"}}}])"));
}

TEST(Ollama, ToolsOfAConversationComeBack) {
  TestServer server(always(says("It is 3.")));
  const Json messages = Json::parse(R"([
    {"role": "user", "content": "1+2?"},
    {"role": "assistant", "content": "", "tool_calls": [
      {"function": {"name": "calculator", "arguments": {"expression": "1+2"}}}]},
    {"role": "tool", "tool_name": "calculator", "content": "3"}])");
  const Reply reply = server.ask(post(
      "/api/chat", Json({{"model", "demo"}, {"messages", messages}, {"stream", false}}).dump()));
  EXPECT_EQ(reply.status, 200U) << reply.body;
  EXPECT_NE(server.engine().last_prompt().find("<tool_response>\n3"), std::string::npos);
}

TEST(Ollama, Generates) {
  TestServer server(always(says("Hello")));
  const Json body = {{"model", "demo"}, {"prompt", "Hi"}, {"system", "Be brief."}};
  const auto lines = lines_of(server.ask(post("/api/generate", body.dump())));
  std::string text;
  for (const Json& line : lines) text += line.at("response");
  EXPECT_EQ(text, "Hello");
  EXPECT_NE(server.engine().last_prompt().find("<|im_start|>system\nBe brief.<|im_end|>"),
            std::string::npos);
  Json raw = body;
  raw["raw"] = true;
  lines_of(server.ask(post("/api/generate", raw.dump())));
  EXPECT_EQ(server.engine().last_prompt(), "Hi");
}

TEST(Ollama, OptionsReachTheEngine) {
  TestServer server(always(says("x")));
  server.ask(post("/api/chat", request().dump()));
  const llm::SamplingOptions defaults = *server.engine().last_sampling();
  EXPECT_EQ(defaults.temperature, 0.8F);
  EXPECT_EQ(defaults.top_p, 0.9F);
  EXPECT_EQ(defaults.min_p, 0);
  EXPECT_EQ(defaults.repeat_penalty, 1.1F);
  const Json options = {{"temperature", 0}, {"num_predict", 7}, {"seed", 5}, {"top_k", 3}};
  server.ask(post("/api/chat", request({{"options", options}}).dump()));
  EXPECT_EQ(server.engine().last_sampling()->temperature, 0);
  EXPECT_EQ(server.engine().last_sampling()->seed, 5U);
  EXPECT_EQ(server.engine().last_sampling()->top_k, 3U);
  EXPECT_EQ(server.engine().last_limit(), 7U);
}

TEST(Ollama, ThinkingIsSwitched) {
  TestServer server(always(says("x")));
  server.ask(post("/api/chat", request({{"think", false}}).dump()));
  EXPECT_TRUE(server.engine().last_prompt().ends_with("<think>\n\n</think>\n\n"));
}

TEST(Ollama, AskedNothingItSaysThatTheModelIsThere) {
  TestServer server(always(says("x")));
  for (const char* path : {"/api/chat", "/api/generate"}) {
    const Reply reply = server.ask(post(path, R"({"model":"demo"})"));
    EXPECT_EQ(reply.json().at("done_reason"), "load");
    EXPECT_EQ(reply.json().at("done"), true);
  }
}

TEST(Ollama, ListsAndShows) {
  TestServer server(always(says("x")));
  const Json tags = server.ask(get("/api/tags")).json();
  ASSERT_EQ(tags.at("models").size(), 1U);
  const Json& model = tags.at("models")[0];
  EXPECT_EQ(model.at("name"), kModelName);
  EXPECT_EQ(model.at("digest").get<std::string>().size(), 64U);
  EXPECT_EQ(model.at("modified_at"), "2023-11-14T22:13:20.000000Z");
  EXPECT_EQ(model.at("details").at("family"), "qwen3");
  EXPECT_EQ(model.at("details").at("parameter_size"), "4.2M");
  EXPECT_EQ(model.at("details").at("quantization_level"), "Q4_K_M");
  EXPECT_EQ(server.ask(get("/api/ps")).json().at("models")[0].at("context_length"), 1024);
  const Json shown = server.ask(post("/api/show", R"({"model":"demo"})")).json();
  EXPECT_EQ(shown.at("capabilities"), Json({"completion", "tools", "thinking"}));
  EXPECT_EQ(shown.at("model_info").at("qwen3.context_length"), 1024);
}

// VS Code's Copilot talks to Ollama 0.6.4 and later only, and sends as much as it is told fits.
TEST(Ollama, TellsClientsWhatTheyAskBeforeTheyTalk) {
  TestServerOptions options;
  options.engine.context = 512;
  TestServer server(always(says("x")), std::move(options));
  const Json version = server.ask(get("/api/version")).json();
  unsigned major = 0, minor = 0, patch = 0;
  ASSERT_EQ(std::sscanf(version.at("version").get<std::string>().c_str(), "%u.%u.%u", &major,
                        &minor, &patch),
            3);
  EXPECT_GE(std::tuple(major, minor, patch), std::tuple(0U, 6U, 4U));
  EXPECT_EQ(version.at("redbolt"), "0.0.0-test");
  const Json shown = server.ask(post("/api/show", R"({"model":"demo"})")).json();
  EXPECT_EQ(shown.at("model_info").at("qwen3.context_length"), 512);
}

TEST(Ollama, ErrorsAreASentence) {
  TestServer server(always(says("x")));
  const Reply missing = server.ask(post("/api/chat", R"({"model":"other","messages":[]})"));
  EXPECT_EQ(missing.status, 404U);
  EXPECT_TRUE(missing.json().at("error").is_string());
  EXPECT_EQ(server.ask(post("/api/chat", R"({"messages":[]})")).status, 400U);
  EXPECT_EQ(server.ask(post("/api/chat", request({{"format", 5}}).dump())).status, 400U);
  EXPECT_EQ(server.ask(post("/api/chat", request({{"think", "much"}}).dump())).status, 400U);
  EXPECT_EQ(server.ask(post("/api/pull", "{}")).status, 404U);
}

}  // namespace
}  // namespace redbolt::test
