// Tools together with a form of the answer, and requests that want one call at most.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test_server.hpp"

namespace redbolt::test {
namespace {

const Json kCalculator = Json::parse(R"({"type": "function", "function": {"name": "calculator",
  "parameters": {"type": "object", "properties": {"expression": {"type": "string"}},
  "required": ["expression"], "additionalProperties": false}}})");
const Json kSum = Json::parse(R"({"type": "object", "properties": {"sum": {"type": "integer"}},
  "required": ["sum"], "additionalProperties": false})");
const Json kSumFormat = {{"type", "json_schema"},
                         {"json_schema", {{"name", "sum"}, {"schema", kSum}}}};

std::string call_of(const std::string& expression) {
  return "<tool_call>\n{\"name\": \"calculator\", \"arguments\": {\"expression\": \"" + expression +
         "\"}}\n</tool_call>";
}

Json choice_of(const Reply& reply) {
  EXPECT_EQ(reply.status, 200U) << reply.body;
  return reply.json().at("choices").at(0);
}

Json tools_and(const Json& format, const Json& more = Json::object()) {
  Json body = question("1+2?", {{"tools", {kCalculator}}, {"response_format", format}});
  body.update(more);
  return body;
}

TEST(ChatForms, ACallIsNotHeldToTheFormOfTheAnswer) {
  TestServer server(always(says("<think>\nHm.\n</think>\n\n" + call_of("1+2"))));
  for (const Json& format : {kSumFormat, Json{{"type", "json_object"}}}) {
    const Json choice = choice_of(server.chat(tools_and(format)));
    EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
    const Json& message = choice.at("message");
    EXPECT_EQ(message.at("content"), nullptr);
    EXPECT_EQ(message.at("reasoning_content"), "Hm.");
    ASSERT_EQ(message.at("tool_calls").size(), 1U);
    EXPECT_EQ(Json::parse(message["tool_calls"][0]["function"]["arguments"].get<std::string>()),
              Json({{"expression", "1+2"}}));
  }
}

TEST(ChatForms, AnAnswerFollowsItsSchemaThoughToolsAreOffered) {
  TestServer server(always(says("{\"sum\": 3}")));
  Json choice = choice_of(server.chat(tools_and(kSumFormat)));
  EXPECT_EQ(choice.at("finish_reason"), "stop");
  EXPECT_EQ(choice.at("message").at("content"), "{\"sum\": 3}");
  EXPECT_FALSE(choice.at("message").contains("tool_calls"));
  // A model that would say something else may not: there is no such text in the form.
  TestServer wild(always(says("{\"product\": \"no\"} <tool_call>{{{ " + std::string(80, '}'))));
  choice = choice_of(wild.chat(tools_and(kSumFormat, {{"max_tokens", 60}})));
  const std::string content = choice.at("message").at("content");
  EXPECT_TRUE(content.starts_with("{\"sum\"") || content.starts_with("{ \"sum\"")) << content;
}

// Text of the answer that quotes a call is the answer's.
TEST(ChatForms, ADocumentThatQuotesACallIsStillOne) {
  const std::string document = R"({"text": "<tool_call><function=calculator></function>"})";
  TestServer server(always(says(document)));
  const Json choice = choice_of(server.chat(tools_and({{"type", "json_object"}})));
  EXPECT_EQ(choice.at("message").at("content"), document);
  EXPECT_FALSE(choice.at("message").contains("tool_calls"));
}

TEST(ChatForms, TheChoiceOfToolsDecidesWhatIsHeldToWhat) {
  // Required: calls only, so the document this model wants to say does not come.
  TestServer json(always(says("{\"sum\": 3}" + std::string(200, '}'))));
  const Json forced = choice_of(
      json.chat(tools_and(kSumFormat, {{"tool_choice", "required"}, {"max_tokens", 12}})));
  EXPECT_EQ(forced.dump().find("\\\"sum\\\""), std::string::npos) << forced;
  // None: JSON only, so the call does not come.
  TestServer call(always(says(call_of("1+2"))));
  const Json barred =
      choice_of(call.chat(tools_and(kSumFormat, {{"tool_choice", "none"}, {"max_tokens", 12}})));
  EXPECT_FALSE(barred.at("message").contains("tool_calls")) << barred;
  EXPECT_TRUE(barred.at("message").at("content").get<std::string>().starts_with("{"));
}

TEST(ChatForms, ErrorsNameTheSchemaThatIsWrong) {
  TestServer server(always(says("x")));
  const Json bad = {{"type", "object"}, {"not", Json::object()}};
  Reply reply = server.chat(
      tools_and({{"type", "json_schema"}, {"json_schema", {{"name", "x"}, {"schema", bad}}}}));
  EXPECT_EQ(reply.status, 400U);
  EXPECT_EQ(reply.json().at("error").at("param"), "response_format");
  EXPECT_EQ(reply.json().at("error").at("code"), "invalid_json_schema");
  Json tool = kCalculator;
  tool["function"]["parameters"] = bad;
  tool["function"]["strict"] = true;
  reply = server.chat(tools_and(kSumFormat, {{"tools", {tool}}}));
  EXPECT_EQ(reply.status, 400U);
  EXPECT_EQ(reply.json().at("error").at("param"), "tools");
}

TEST(ChatForms, OllamasFormatGoesWithToolsToo) {
  TestServer server([](const llm::TokenRequest&, const std::string& prompt) {
    return says(prompt.find("call") != std::string::npos &&
                        prompt.find("Call it") != std::string::npos
                    ? call_of("1+2")
                    : "{\"sum\": 3}");
  });
  const auto ask = [&](const std::string& words) {
    const Json body =
        question(words, {{"tools", {kCalculator}}, {"format", kSum}, {"stream", false}});
    return server.ask(post("/api/chat", body.dump())).json().at("message");
  };
  const Json called = ask("Call it");
  EXPECT_EQ(called.at("tool_calls").at(0).at("function").at("arguments"),
            Json({{"expression", "1+2"}}));
  EXPECT_EQ(called.at("content"), "");
  const Json answered = ask("Say it");
  EXPECT_EQ(answered.at("content"), "{\"sum\": 3}");
  EXPECT_FALSE(answered.contains("tool_calls"));
}

// ---- parallel_tool_calls: false ----

struct Streamed {
  std::string content;
  std::vector<Json> calls;  // in the order of their first delta
  std::vector<std::string> arguments;
  Json finish_reason;
};

Streamed stream_of(TestServer& server, Json body) {
  body["stream"] = true;
  const Reply reply = server.chat(body);
  Streamed streamed;
  std::size_t at = 0;
  while ((at = reply.body.find("data: {", at)) != std::string::npos) {
    const std::size_t end = reply.body.find("\n\n", at);
    const Json chunk = Json::parse(reply.body.substr(at + 6, end - at - 6));
    at = end;
    const Json& choice = chunk.at("choices").at(0);
    if (!choice.at("finish_reason").is_null()) streamed.finish_reason = choice["finish_reason"];
    const Json& delta = choice.at("delta");
    if (delta.contains("content")) streamed.content += delta["content"].get<std::string>();
    for (const Json& call : delta.value("tool_calls", Json::array())) {
      if (call.contains("id")) {
        EXPECT_EQ(call.at("index"), streamed.calls.size());
        streamed.calls.push_back(call);
        streamed.arguments.emplace_back();
      }
      streamed.arguments.at(call.at("index").get<std::size_t>()) += call["function"]["arguments"];
    }
  }
  return streamed;
}

Json one_call(const Json& more = Json::object()) {
  Json body = question("?", {{"tools", {kCalculator}}, {"parallel_tool_calls", false}});
  body.update(more);
  return body;
}

TEST(ChatForms, AtMostOneCallKeepsTheTextBeforeIt) {
  TestServer server(
      always(says("I look it up.\n\n" + call_of("1") + "\n" + call_of("2") + "\nDone.")));
  const Json choice = choice_of(server.chat(one_call()));
  EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
  EXPECT_EQ(choice.at("message").at("content"), "I look it up.");
  EXPECT_EQ(choice.at("message").at("tool_calls").size(), 1U);

  const Streamed streamed = stream_of(server, one_call());
  EXPECT_EQ(streamed.finish_reason, "tool_calls");
  EXPECT_EQ(streamed.content, "I look it up.");
  ASSERT_EQ(streamed.calls.size(), 1U);
  EXPECT_EQ(Json::parse(streamed.arguments[0]), Json({{"expression", "1"}}));
  // The limit is as far as the call goes, and no further.
  const auto tokens =
      demo_tokenizer().encode("I look it up.\n\n" + call_of("1"), llm::SpecialTokens::all);
  const Json limited = choice_of(server.chat(one_call({{"max_tokens", tokens.size()}})));
  EXPECT_EQ(limited.at("finish_reason"), "tool_calls");
}

// A stream cannot take back a call that it has announced, so none may follow a broken one.
TEST(ChatForms, ABrokenCallIsTheOnlyOneToo) {
  const std::string broken =
      "<tool_call>\n{\"name\": \"calculator\", \"arguments\": {oops}}\n</tool_call>\n";
  TestServer server(always(says(broken + call_of("2"))));
  const Streamed streamed = stream_of(server, one_call());
  EXPECT_EQ(streamed.calls.size(), 1U);
  EXPECT_EQ(streamed.finish_reason, "stop");
  EXPECT_NE(streamed.content.find("\"expression\": \"2\""), std::string::npos) << streamed.content;
  const Json choice = choice_of(server.chat(one_call()));
  EXPECT_FALSE(choice.at("message").contains("tool_calls"));
  EXPECT_NE(choice.at("message").at("content").get<std::string>().find("oops"), std::string::npos);
  // Where several are wanted, the second is one.
  const Json several = choice_of(server.chat(one_call({{"parallel_tool_calls", true}})));
  EXPECT_EQ(several.at("message").at("tool_calls").size(), 1U);
  EXPECT_EQ(several.at("finish_reason"), "tool_calls");
}

TEST(ChatForms, AtMostOneCallMayBeNone) {
  TestServer server(always(says("No need.")));
  const Json choice = choice_of(server.chat(one_call()));
  EXPECT_EQ(choice.at("finish_reason"), "stop");
  EXPECT_EQ(choice.at("message").at("content"), "No need.");
}

TEST(ChatForms, AtMostOneCallHoldsWithAFormAndWhereCallsAreRequired) {
  TestServer server(always(says(call_of("1") + "\n" + call_of("2"))));
  for (const Json& more :
       {Json{{"response_format", kSumFormat}}, Json{{"tool_choice", "required"}}}) {
    const Json choice = choice_of(server.chat(one_call(more)));
    EXPECT_EQ(choice.at("message").at("tool_calls").size(), 1U);
    EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
  }
}

// ---- a model that answers in channels ----

TestServerOptions channels() {
  TestServerOptions options;
  options.format = {.thinking = llm::kChannelThinking, .tools = llm::ToolSyntax::harmony};
  return options;
}

const std::string kThought = "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant";
const std::string kChannelCall =
    "<|channel|>commentary to=functions.calculator <|constrain|>json<|message|>"
    "{\"expression\": \"1+2\"}";

TEST(ChatForms, ChannelsBecomeFieldsOfTheMessage) {
  TestServer server(always(says(kThought +
                                "<|channel|>commentary<|message|>I look it up.<|end|>"
                                "<|start|>assistant" +
                                kChannelCall)),
                    channels());
  const Json body = question("1+2?", {{"tools", {kCalculator}}});
  const Json choice = choice_of(server.chat(body));
  EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
  EXPECT_EQ(choice.at("message").at("reasoning_content"), "Hm.");
  EXPECT_EQ(choice.at("message").at("content"), "I look it up.");
  ASSERT_EQ(choice.at("message").at("tool_calls").size(), 1U);
  const Streamed streamed = stream_of(server, body);
  EXPECT_EQ(streamed.content, "I look it up.");
  ASSERT_EQ(streamed.calls.size(), 1U);
  EXPECT_EQ(streamed.calls[0].at("function").at("name"), "calculator");
  EXPECT_EQ(Json::parse(streamed.arguments[0]), Json({{"expression", "1+2"}}));
  // Shown, thoughts stand between tags that people know.
  const Json shown =
      choice_of(server.chat(question("1+2?", {{"tools", {kCalculator}}, {"show_thinking", true}})));
  EXPECT_EQ(shown.at("message").at("content"), "<think>\nHm.\n</think>\n\nI look it up.");
}

TEST(ChatForms, FormsStandInTheirChannels) {
  TestServer call(always(says(kThought + kChannelCall)), channels());
  for (const Json& more :
       {Json{{"response_format", kSumFormat}}, Json{{"tool_choice", "required"}}}) {
    Json body = question("1+2?", {{"tools", {kCalculator}}});
    body.update(more);
    const Json choice = choice_of(call.chat(body));
    EXPECT_EQ(choice.at("finish_reason"), "tool_calls") << choice;
    EXPECT_EQ(choice.at("message").at("reasoning_content"), "Hm.");
    EXPECT_EQ(choice.at("message").at("content"), nullptr);
  }
  TestServer answer(always(says(kThought + "<|channel|>final<|message|>{\"sum\": 3}")), channels());
  for (const Json& tools : {Json::array(), Json::array({kCalculator})}) {
    const Json choice = choice_of(answer.chat(tools_and(kSumFormat, {{"tools", tools}})));
    EXPECT_EQ(choice.at("finish_reason"), "stop");
    EXPECT_EQ(choice.at("message").at("reasoning_content"), "Hm.");
    EXPECT_EQ(choice.at("message").at("content"), "{\"sum\": 3}");
  }
}

}  // namespace
}  // namespace redbolt::test
