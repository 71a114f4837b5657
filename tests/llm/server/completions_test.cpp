// POST /v1/completions, as OpenAI's API reference has it.
#include <gtest/gtest.h>

#include "test_server.hpp"

namespace redbolt::test {
namespace {

Reply complete(TestServer& server, const Json& body) {
  return server.ask(post("/v1/completions", body.dump()));
}

TEST(Completions, GoOnWithTheText) {
  TestServer server(always(says(" world")));
  const Reply reply = complete(server, {{"prompt", "Hello"}});
  ASSERT_EQ(reply.status, 200U) << reply.body;
  const Json json = reply.json();
  EXPECT_EQ(json.at("object"), "text_completion");
  EXPECT_TRUE(json.at("id").get<std::string>().starts_with("cmpl-"));
  EXPECT_EQ(json.at("choices")[0].at("text"), " world");
  EXPECT_EQ(json.at("choices")[0].at("finish_reason"), "stop");
  EXPECT_EQ(json.at("choices")[0].at("logprobs"), nullptr);
  EXPECT_EQ(server.engine().last_prompt(), "Hello");  // no chat format
}

TEST(Completions, StreamTheText) {
  TestServer server(always(says(" wide world")));
  const Reply reply = complete(server, {{"prompt", "Hello"},
                                        {"stream", true},
                                        {"echo", true},
                                        {"stream_options", {{"include_usage", true}}}});
  const Events events = events_of(reply.body);
  EXPECT_EQ(events.data.back(), "[DONE]");
  std::string text;
  for (std::size_t i = 0; i + 2 < events.data.size(); ++i) {
    text += Json::parse(events.data[i]).at("choices").at(0).at("text");
  }
  EXPECT_EQ(text, "Hello wide world");
  const Json last = Json::parse(events.data[events.data.size() - 2]);
  EXPECT_EQ(last.at("choices"), Json::array());
  EXPECT_GT(last.at("usage").at("completion_tokens"), 1);
}

TEST(Completions, ThoughtsAndCallsAreText) {
  TestServer server(always(says("<think>\nHm.\n</think>")));
  EXPECT_EQ(
      complete(server, {{"prompt", "x"}}).json().at("choices")[0].at("text").get<std::string>(),
      "<think>\nHm.\n</think>");
}

TEST(Completions, PromptsMayBeTokens) {
  TestServer server(always(says("x")));
  const auto tokens = demo_tokenizer().encode("Hello", llm::SpecialTokens::none);
  EXPECT_EQ(complete(server, {{"prompt", tokens}}).status, 200U);
  EXPECT_EQ(server.engine().last_prompt(), "Hello");
  EXPECT_EQ(complete(server, {{"prompt", {"Hello"}}}).status, 200U);
}

// Each is answered n times, in order.
TEST(Completions, SeveralPrompts) {
  TestServer server([](const llm::TokenRequest&, const std::string& prompt) {
    FakeAnswer answer = says(prompt == "one" ? " mile" : " miles");
    answer.cached = prompt == "one" ? 0 : 1;
    return answer;
  });
  const Json json = complete(server, {{"prompt", {"one", "two"}}, {"n", 2}, {"echo", true}}).json();
  const char* const texts[] = {"one mile", "one mile", "two miles", "two miles"};
  ASSERT_EQ(json.at("choices").size(), 4U) << json;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(json.at("choices")[i].at("index"), i);
    EXPECT_EQ(json.at("choices")[i].at("text"), texts[i]);
  }
  const auto length = [](const char* text) {
    return demo_tokenizer().encode(text, llm::SpecialTokens::none).size();
  };
  EXPECT_EQ(json.at("usage").at("prompt_tokens"), length("one") + length("two"));
  EXPECT_EQ(json.at("usage").at("prompt_tokens_details").at("cached_tokens"), 1);

  const auto two = demo_tokenizer().encode("two", llm::SpecialTokens::none);
  const Reply streamed =
      complete(server, {{"prompt", Json::array({Json(two), "one"})}, {"stream", true}});
  std::string answers[2];
  for (const std::string& data : events_of(streamed.body).data) {
    if (data == "[DONE]") continue;
    const Json choice = Json::parse(data).at("choices").at(0);
    answers[choice.at("index").get<std::size_t>()] += choice.at("text");
  }
  EXPECT_EQ(answers[0], " miles");
  EXPECT_EQ(answers[1], " mile");
}

TEST(Completions, OffsetsAreCharactersFromTheBeginningOfTheText) {
  TestServer server(always(says("caffè, sì")));
  const Json body = {{"prompt", "è"}, {"logprobs", 0}, {"echo", true}, {"stream", true}};
  std::vector<std::size_t> offsets;
  std::string bytes;
  std::size_t expected = 1;  // of "è"
  for (const std::string& data : events_of(complete(server, body).body).data) {
    if (data == "[DONE]") continue;
    const Json logprobs = Json::parse(data).at("choices").at(0).at("logprobs");
    if (logprobs.is_null()) continue;
    for (const Json& offset : logprobs.at("text_offset")) {
      EXPECT_GE(offset, expected);
      expected = offset;
    }
  }
  // Nine letters, two of which take two bytes.
  EXPECT_GE(expected, 1U + 6U);
  EXPECT_LE(expected, 1U + 9U);
}

TEST(Completions, LogProbabilities) {
  TestServer server(always(says("one two")));
  const Json logprobs = complete(server, {{"prompt", "x"}, {"logprobs", 2}, {"echo", true}})
                            .json()
                            .at("choices")[0]
                            .at("logprobs");
  std::string text;
  for (std::size_t i = 0; i < logprobs.at("tokens").size(); ++i) {
    EXPECT_EQ(logprobs.at("text_offset")[i], 1 + text.size());
    EXPECT_EQ(logprobs.at("token_logprobs")[i], -0.25);
    EXPECT_EQ(logprobs.at("top_logprobs")[i].size(), 2U);
    text += logprobs.at("tokens")[i];
  }
  EXPECT_EQ(text, "one two");
}

TEST(Completions, NameWhatIsWrong) {
  TestServer server(always(says("x")));
  const std::pair<Json, const char*> cases[] = {
      {{{"model", "demo"}}, "prompt"},
      {{{"prompt", 5}}, "prompt"},
      {{{"prompt", ""}}, "prompt"},
      {{{"prompt", {"a", 5}}}, "prompt[1]"},
      {{{"prompt", {"a", ""}}}, "prompt[1]"},
      {{{"prompt", {{1}, {1, -1}}}}, "prompt[1][1]"},
      {{{"prompt", {1, "a"}}}, "prompt[1]"},
      {{{"prompt", std::vector<std::string>(33, "a")}, {"n", 2}}, "prompt"},
      {{{"prompt", {1, -1}}}, "prompt[1]"},
      {{{"prompt", {1, 99'999}}}, "prompt"},
      {{{"prompt", "x"}, {"suffix", "y"}}, "suffix"},
      {{{"prompt", "x"}, {"best_of", 3}}, "best_of"},
      {{{"prompt", "x"}, {"logprobs", true}}, "logprobs"},
  };
  for (const auto& [body, param] : cases) {
    const Reply reply = complete(server, body);
    EXPECT_EQ(reply.status, 400U) << body;
    EXPECT_EQ(reply.json().at("error").at("param"), param) << reply.body;
  }
}

}  // namespace
}  // namespace redbolt::test
