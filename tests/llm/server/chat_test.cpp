// POST /v1/chat/completions in one piece: the object that OpenAI's API reference describes ("The
// chat completion object"), and which request fields reach the engine.
#include <gtest/gtest.h>

#include "test_server.hpp"

namespace redbolt::test {
namespace {

const Json kCalculator = Json::parse(R"({"type": "function", "function": {"name": "calculator",
  "parameters": {"type": "object", "properties": {"expression": {"type": "string"}},
  "required": ["expression"]}}})");

Json choice_of(const Reply& reply) {
  EXPECT_EQ(reply.status, 200U) << reply.body;
  return reply.json().at("choices").at(0);
}

TEST(Chat, AnswersWithACompletion) {
  FakeAnswer answer = says("Hello!");
  answer.cached = 3;
  TestServer server(always(answer));
  const Reply reply = server.chat(question("Hi"));
  EXPECT_EQ(reply.headers.at("content-type"), "application/json");
  const Json json = reply.json();
  EXPECT_EQ(json.at("object"), "chat.completion");
  EXPECT_TRUE(json.at("id").get<std::string>().starts_with("chatcmpl-"));
  EXPECT_EQ(json.at("model"), kModelName);
  EXPECT_EQ(json.at("system_fingerprint"), "redbolt-0.0.0-test");
  EXPECT_NEAR(json.at("created").get<double>(), static_cast<double>(std::time(nullptr)), 60);
  const Json& choice = json.at("choices").at(0);
  EXPECT_EQ(choice.at("index"), 0);
  EXPECT_EQ(choice.at("finish_reason"), "stop");
  EXPECT_EQ(choice.at("logprobs"), nullptr);
  EXPECT_EQ(choice.at("message").at("role"), "assistant");
  EXPECT_EQ(choice.at("message").at("content"), "Hello!");
  EXPECT_FALSE(choice.at("message").contains("tool_calls"));
  EXPECT_FALSE(choice.at("message").contains("reasoning_content"));
}

TEST(Chat, TellsUsageAndTimings) {
  FakeAnswer answer = says("Hello!");
  answer.cached = 3;
  TestServer server(always(answer));
  const Json json = server.chat(question("Hi")).json();
  const auto generated = answer.tokens.size() + 1;  // and the end token
  const Json& usage = json.at("usage");
  EXPECT_EQ(usage.at("completion_tokens"), generated);
  EXPECT_EQ(usage.at("total_tokens"), usage.at("prompt_tokens").get<std::size_t>() + generated);
  EXPECT_EQ(usage.at("prompt_tokens_details").at("cached_tokens"), 3);
  EXPECT_EQ(usage.at("completion_tokens_details").at("reasoning_tokens"), 0);
  const Json& timings = json.at("timings");
  EXPECT_EQ(timings.at("cache_n"), 3);
  EXPECT_EQ(timings.at("prompt_n"), usage.at("prompt_tokens").get<int>() - 3);
  EXPECT_EQ(timings.at("prompt_ms"), 20);
  EXPECT_EQ(timings.at("predicted_n"), generated);
  EXPECT_NEAR(timings.at("predicted_per_second").get<double>(), 100, 1e-6);
}

// The prompt is the template's (tools/demo-model/chat.py): Qwen3's ChatML.
TEST(Chat, ThePromptIsTheConversation) {
  TestServer server(always(says("x")));
  const Json messages = Json::parse(R"([
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": " you"}]},
    {"role": "assistant", "content": "Yes?"},
    {"role": "user", "content": "<|im_end|>"}])");
  EXPECT_EQ(server.chat({{"messages", messages}}).status, 200U);
  EXPECT_EQ(server.engine().last_prompt(),
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi you<|im_end|>\n"
            "<|im_start|>assistant\nYes?<|im_end|>\n<|im_start|>user\n<|im_end|><|im_end|>\n"
            "<|im_start|>assistant\n");
}

TEST(Chat, ThoughtsHaveAFieldOfTheirOwn) {
  TestServer server(always(says("<think>\nTwo and two.\n</think>\n\nIt is 4.")));
  const Reply reply = server.chat(question("2+2?"));
  const Json message = choice_of(reply).at("message");
  EXPECT_EQ(message.at("reasoning_content"), "Two and two.");
  EXPECT_EQ(message.at("content"), "It is 4.");
  EXPECT_GT(reply.json().at("usage").at("completion_tokens_details").at("reasoning_tokens"), 3);
}

TEST(Chat, ThoughtsCanBeShownOrHidden) {
  TestServer server(always(says("<think>\nTwo and two.\n</think>\n\nIt is 4.")));
  const Json shown = choice_of(server.chat(question("2+2?", {{"show_thinking", true}})));
  EXPECT_EQ(shown.at("message").at("content"), "<think>\nTwo and two.\n</think>\n\nIt is 4.");
  EXPECT_FALSE(shown.at("message").contains("reasoning_content"));
  const Json hidden = choice_of(server.chat(question("2+2?", {{"show_thinking", false}})));
  EXPECT_EQ(hidden.at("message").at("content"), "It is 4.");
  EXPECT_FALSE(hidden.at("message").contains("reasoning_content"));
}

TEST(Chat, ThinkingCanBeSwitchedOffByEveryName) {
  TestServer server(always(says("x")));
  const Json ways[] = {{{"chat_template_kwargs", {{"enable_thinking", false}}}},
                       {{"enable_thinking", false}},
                       {{"reasoning_effort", "none"}},
                       {{"thinking_budget_tokens", 0}}};
  for (const Json& way : ways) {
    EXPECT_EQ(server.chat(question("Hi", way)).status, 200U);
    EXPECT_TRUE(server.engine().last_prompt().ends_with("<think>\n\n</think>\n\n")) << way;
  }
  server.chat(question("Hi"));
  EXPECT_FALSE(server.engine().last_prompt().ends_with("</think>\n\n"));
}

TEST(Chat, CallsOfTools) {
  TestServer server(always(says(
      "<tool_call>\n{\"name\": \"calculator\", \"arguments\": {\"expression\": \"1+2\"}}\n"
      "</tool_call>\n<tool_call>\n{\"name\": \"calculator\", \"arguments\": {}}\n</tool_call>")));
  const Json choice = choice_of(server.chat(question("1+2?", {{"tools", {kCalculator}}})));
  EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
  EXPECT_EQ(choice.at("message").at("content"), nullptr);
  const Json& calls = choice.at("message").at("tool_calls");
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].at("type"), "function");
  EXPECT_TRUE(calls[0].at("id").get<std::string>().starts_with("call_"));
  EXPECT_NE(calls[0].at("id"), calls[1].at("id"));
  EXPECT_EQ(calls[0].at("function").at("name"), "calculator");
  EXPECT_EQ(Json::parse(calls[0].at("function").at("arguments").get<std::string>()),
            Json({{"expression", "1+2"}}));
  EXPECT_NE(server.engine().last_prompt().find("\"calculator\""), std::string::npos);
}

TEST(Chat, OneCallOnlyIfSeveralAreNotWanted) {
  TestServer server(
      always(says("<tool_call>\n{\"name\": \"calculator\", \"arguments\": {\"expression\": "
                  "\"1\"}}\n</tool_call>\n"
                  "<tool_call>\n{\"name\": \"calculator\", \"arguments\": {\"expression\": "
                  "\"2\"}}\n</tool_call>")));
  const Json choice = choice_of(
      server.chat(question("?", {{"tools", {kCalculator}}, {"parallel_tool_calls", false}})));
  EXPECT_EQ(choice.at("message").at("tool_calls").size(), 1U);
  EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
}

TEST(Chat, ToolsThatAreNotToBeUsedAreNotOffered) {
  TestServer server(
      always(says("<tool_call>\n{\"name\": \"calculator\", \"arguments\": {}}\n</tool_call>")));
  const Json choice =
      choice_of(server.chat(question("?", {{"tools", {kCalculator}}, {"tool_choice", "none"}})));
  EXPECT_FALSE(choice.at("message").contains("tool_calls"));
  EXPECT_EQ(choice.at("finish_reason"), "stop");
  EXPECT_EQ(server.engine().last_prompt().find("calculator"), std::string::npos);
}

// A call that is cut off is not lost.
TEST(Chat, ACallThatIsNoneComesBackAsContent) {
  FakeAnswer answer =
      says("<tool_call>\n{\"name\": \"calculator\", \"arguments\": {\"expression\": \"1");
  TestServer server(always(answer));
  const Json choice = choice_of(server.chat(question("?", {{"tools", {kCalculator}}})));
  EXPECT_FALSE(choice.at("message").contains("tool_calls"));
  const std::string content = choice.at("message").at("content");
  EXPECT_NE(content.find("calculator"), std::string::npos) << content;
  EXPECT_NE(content.find("expression"), std::string::npos) << content;
}

TEST(Chat, ResultsOfToolsReachThePrompt) {
  TestServer server(always(says("It is 3.")));
  const Json messages = Json::parse(R"([
    {"role": "user", "content": "1+2?"},
    {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function",
      "function": {"name": "calculator", "arguments": "{\"expression\": \"1+2\"}"}}]},
    {"role": "tool", "tool_call_id": "call_1", "content": "3"}])");
  EXPECT_EQ(server.chat({{"messages", messages}, {"tools", {kCalculator}}}).status, 200U);
  const std::string prompt = server.engine().last_prompt();
  EXPECT_NE(prompt.find("<tool_call>\n{\"name\": \"calculator\", \"arguments\": "),
            std::string::npos)
      << prompt;
  EXPECT_NE(prompt.find("<tool_response>\n3\n</tool_response>"), std::string::npos) << prompt;
}

TEST(Chat, StopStringsEndTheAnswer) {
  TestServer server(always(says("one two three four")));
  const Json choice = choice_of(server.chat(question("?", {{"stop", {"three", "four"}}})));
  EXPECT_EQ(choice.at("message").at("content"), "one two ");
  EXPECT_EQ(choice.at("finish_reason"), "stop");
}

TEST(Chat, LimitsEndTheAnswer) {
  TestServer server(always(says("one two three four")));
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {
    const Json choice = choice_of(server.chat(question("?", {{name, 2}})));
    EXPECT_EQ(choice.at("finish_reason"), "length");
    EXPECT_EQ(server.engine().last_limit(), 2U);
  }
  FakeAnswer full = says("one");
  full.reason = llm::EndReason::context;
  TestServer small(always(full));
  EXPECT_EQ(choice_of(small.chat(question("?"))).at("finish_reason"), "length");
}

TEST(Chat, SeveralAnswers) {
  std::atomic<int> count{0};
  TestServer server([&](const llm::TokenRequest&, const std::string&) {
    return says("answer " + std::to_string(count++));
  });
  const Json json = server.chat(question("?", {{"n", 3}, {"seed", 7}})).json();
  ASSERT_EQ(json.at("choices").size(), 3U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(json.at("choices")[i].at("index"), i);
    EXPECT_EQ(json.at("choices")[i].at("message").at("content"), "answer " + std::to_string(i));
  }
  EXPECT_EQ(server.engine().last_sampling()->seed, 9U);
}

TEST(Chat, LogProbabilitiesOfTheContent) {
  TestServer server(always(says("Hi")));
  const Json request = question("?", {{"logprobs", true}, {"top_logprobs", 2}});
  const Json choice = choice_of(server.chat(request));
  std::string text;
  for (const Json& token : choice.at("logprobs").at("content")) {
    text += token.at("token");
    EXPECT_EQ(token.at("logprob"), -0.25);
    EXPECT_EQ(token.at("bytes").size(), token.at("token").get<std::string>().size());
    ASSERT_EQ(token.at("top_logprobs").size(), 2U);
    EXPECT_EQ(token.at("top_logprobs")[0].at("token"), token.at("token"));
    EXPECT_EQ(token.at("top_logprobs")[1].at("logprob"), -1.25);
  }
  EXPECT_EQ(text, "Hi");
}

TEST(Chat, SamplingReachesTheEngine) {
  TestServer server(always(says("x")));
  server.chat(question("?", {{"temperature", 0.5},
                             {"top_p", 0.25},
                             {"top_k", 7},
                             {"min_p", 0.125},
                             {"seed", 42},
                             {"presence_penalty", 1},
                             {"frequency_penalty", -1},
                             {"repeat_penalty", 1.5},
                             {"logit_bias", {{"5", -100}}}}));
  const llm::SamplingOptions sampling = *server.engine().last_sampling();
  EXPECT_EQ(sampling.temperature, 0.5F);
  EXPECT_EQ(sampling.top_p, 0.25F);
  EXPECT_EQ(sampling.top_k, 7U);
  EXPECT_EQ(sampling.min_p, 0.125F);
  EXPECT_EQ(sampling.seed, 42U);
  EXPECT_EQ(sampling.presence_penalty, 1);
  EXPECT_EQ(sampling.frequency_penalty, -1);
  EXPECT_EQ(sampling.repeat_penalty, 1.5F);
  ASSERT_EQ(sampling.logit_bias.size(), 1U);
  EXPECT_EQ(sampling.logit_bias[0].token, 5U);
  EXPECT_EQ(sampling.logit_bias[0].bias, -100);
}

// As llama-server's README has them.
TEST(Chat, DefaultsAreLlamaServers) {
  TestServer server(always(says("x")));
  server.chat(question("?"));
  const llm::SamplingOptions sampling = *server.engine().last_sampling();
  EXPECT_EQ(sampling.temperature, 0.8F);
  EXPECT_EQ(sampling.top_k, 40U);
  EXPECT_EQ(sampling.top_p, 0.95F);
  EXPECT_EQ(sampling.min_p, 0.05F);
  EXPECT_EQ(sampling.repeat_penalty, 1);
  EXPECT_EQ(server.engine().last_limit(), 0U);
}

TEST(Chat, UnknownFieldsAreIgnoredAndNullIsNothing) {
  TestServer server(always(says("x")));
  EXPECT_EQ(server
                .chat(question("?", {{"user", "me"},
                                     {"store", true},
                                     {"zebra", {1, 2}},
                                     {"temperature", nullptr},
                                     {"tools", nullptr},
                                     {"stop", nullptr}}))
                .status,
            200U);
}

// What an agent sends: many tools, a long prompt.
TEST(Chat, ManyToolsAndALongContext) {
  TestServerOptions options;
  options.engine.context = 1 << 16;
  TestServer server(always(says("Done.")), std::move(options));
  Json tools = Json::array();
  for (int i = 0; i < 23; ++i) {
    Json tool = kCalculator;
    tool["function"]["name"] = "tool_" + std::to_string(i);
    tool["function"]["description"] = std::string(400, 'd');
    tools.push_back(tool);
  }
  std::string words;
  while (words.size() < 40'000) words += "some words of a file ";
  const Json choice = choice_of(server.chat(question(words, {{"tools", tools}})));
  EXPECT_EQ(choice.at("message").at("content"), "Done.");
  EXPECT_NE(server.engine().last_prompt().find("tool_22"), std::string::npos);
}

}  // namespace
}  // namespace redbolt::test
