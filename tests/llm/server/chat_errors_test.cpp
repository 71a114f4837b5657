// What is wrong with a request is said in OpenAI's form, with the field's name.
#include <gtest/gtest.h>

#include "test_server.hpp"

namespace redbolt::test {
namespace {

std::string with_field(const std::string& field) {
  return R"({"messages":[{"role":"user","content":"Hi"}],)" + field + "}";
}

TEST(ChatErrors, NameTheField) {
  TestServer server(always(says("x")));
  const std::pair<const char*, const char*> fields[] = {
      {R"("temperature":"hot")", "temperature"},
      {R"("temperature":-1)", "temperature"},
      {R"("top_p":1.5)", "top_p"},
      {R"("top_k":2.5)", "top_k"},
      {R"("min_p":[])", "min_p"},
      {R"("seed":"x")", "seed"},
      {R"("n":0)", "n"},
      {R"("n":1000)", "n"},
      {R"("max_tokens":"9")", "max_tokens"},
      {R"("max_completion_tokens":1.5)", "max_completion_tokens"},
      {R"("stream":1)", "stream"},
      {R"("stream_options":{"include_usage":"yes"})", "stream_options.include_usage"},
      {R"("stop":5)", "stop"},
      {R"("stop":["a",5])", "stop[1]"},
      {R"("presence_penalty":3)", "presence_penalty"},
      {R"("frequency_penalty":{})", "frequency_penalty"},
      {R"("logit_bias":[])", "logit_bias"},
      {R"("logit_bias":{"x":1})", "logit_bias"},
      {R"("logit_bias":{"99999999":1})", "logit_bias"},
      {R"("logit_bias":{"5":"1"})", "logit_bias.5"},
      {R"("logprobs":"yes")", "logprobs"},
      {R"("top_logprobs":3)", "top_logprobs"},
      {R"("logprobs":true,"top_logprobs":21)", "top_logprobs"},
      {R"("tools":{})", "tools"},
      {R"("tools":["x"])", "tools[0]"},
      {R"("tools":[{"type":"function"}])", "tools[0]"},
      {R"("tool_choice":"required")", "tool_choice"},
      {R"("tool_choice":7)", "tool_choice"},
      {R"("tool_choice":{"type":"function","function":{"name":"x"}})", "tool_choice.function.name"},
      {R"("parallel_tool_calls":"no")", "parallel_tool_calls"},
      {R"("response_format":"json")", "response_format"},
      {R"("response_format":{"type":"xml"})", "response_format.type"},
      {R"("response_format":{"type":"json_schema"})", "response_format.json_schema"},
      {R"("response_format":{"type":"json_schema","json_schema":{"name":"x"}})",
       "response_format.json_schema.schema"},
      {R"("reasoning_effort":1)", "reasoning_effort"},
      {R"("chat_template_kwargs":[])", "chat_template_kwargs"},
      {R"("show_thinking":"yes")", "show_thinking"},
      {R"("thinking_budget_tokens":"many")", "thinking_budget_tokens"},
      {R"("model":5)", "model"},
  };
  for (const auto& [field, param] : fields) {
    SCOPED_TRACE(field);
    const Reply reply = server.ask(post("/v1/chat/completions", with_field(field)));
    EXPECT_EQ(reply.status, 400U) << reply.body;
    const Json error = reply.json().at("error");
    EXPECT_EQ(error.at("param"), param) << reply.body;
    EXPECT_EQ(error.at("type"), "invalid_request_error");
    EXPECT_NE(error.at("message").get<std::string>().find(param), std::string::npos) << reply.body;
    EXPECT_TRUE(error.at("code").is_string());
  }
}

TEST(ChatErrors, NameTheMessage) {
  TestServer server(always(says("x")));
  const std::pair<const char*, const char*> messages[] = {
      {"null", "messages"},
      {"[]", "messages"},
      {"\"Hi\"", "messages"},
      {"[\"Hi\"]", "messages[0]"},
      {R"([{"content":"Hi"}])", "messages[0].role"},
      {R"([{"role":"king","content":"Hi"}])", "messages[0].role"},
      {R"([{"role":"user"}])", "messages[0].content"},
      {R"([{"role":"user","content":5}])", "messages[0].content"},
      {R"([{"role":"user","content":"a"},{"role":"user","content":[{"type":"image_url"}]}])",
       "messages[1].content[0].type"},
      {R"([{"role":"user","content":[{"type":"text"}]}])", "messages[0].content[0].text"},
      {R"([{"role":"assistant","tool_calls":{}}])", "messages[0].tool_calls"},
      {R"([{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"["}}]}])",
       "messages[0].tool_calls[0].function.arguments"},
      {R"([{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"[]"}}]}])",
       "messages[0].tool_calls[0].function.arguments"},
      {R"([{"role":"assistant","tool_calls":[{"function":{}}]}])",
       "messages[0].tool_calls[0].function.name"},
  };
  for (const auto& [text, param] : messages) {
    SCOPED_TRACE(text);
    const Reply reply =
        server.ask(post("/v1/chat/completions", std::string(R"({"messages":)") + text + "}"));
    EXPECT_EQ(reply.status, 400U) << reply.body;
    EXPECT_EQ(reply.json().at("error").at("param"), param) << reply.body;
  }
}

TEST(ChatErrors, BodiesThatAreNoRequests) {
  TestServer server(always(says("x")));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "[";
  std::string wide = "{";
  for (int i = 0; i < 5000; ++i) wide.append("\"").append(std::to_string(i)).append("\":1,");
  std::string many = "[";
  for (int i = 0; i < 600'000; ++i) many += "1,";
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), std::string("\"x\""),
        std::string("{\"messages\":\"\xff\"}"), std::string("{\"a\":1e999}"), deep,
        wide + "\"x\":1}", many + "1]"}) {
    SCOPED_TRACE(body.substr(0, 40));
    const Reply reply = server.ask(post("/v1/chat/completions", body));
    EXPECT_EQ(reply.status, 400U);
    EXPECT_FALSE(reply.json().at("error").at("message").get<std::string>().empty());
    EXPECT_LT(reply.body.size(), 1000U);
  }
  EXPECT_EQ(server.chat(question("still there")).status, 200U);
}

TEST(ChatErrors, ModelsThatAreNotServed) {
  TestServer server(always(says("x")));
  Json body = question("Hi");
  body["model"] = "gpt-4o";
  const Reply reply = server.chat(body);
  EXPECT_EQ(reply.status, 404U);
  EXPECT_EQ(reply.json().at("error").at("code"), "model_not_found");
  EXPECT_NE(reply.json().at("error").at("message").get<std::string>().find(kModelName),
            std::string::npos);
  for (const char* name : {"demo", "DEMO", "redbolt-demo", "demo:latest"}) {
    body["model"] = name;
    EXPECT_EQ(server.chat(body).status, 200U) << name;
  }
}

TEST(ChatErrors, PromptsThatDoNotFit) {
  TestServerOptions options;
  options.engine.context = 64;
  TestServer server(always(says("x")), std::move(options));
  std::string words;
  for (int i = 0; i < 200; ++i) words += "word ";
  const Reply reply = server.chat(question(words));
  EXPECT_EQ(reply.status, 400U);
  EXPECT_EQ(reply.json().at("error").at("code"), "context_length_exceeded");
  EXPECT_EQ(reply.json().at("error").at("param"), "messages");
}

TEST(ChatErrors, AFullQueue) {
  FakeAnswer answer = says("Hello");
  answer.held = true;
  TestServerOptions options;
  options.engine.slots = 1;
  options.engine.queue = 1;
  TestServer server(always(answer), std::move(options));
  HttpClient first(server.port()), second(server.port());
  for (HttpClient* client : {&first, &second}) {
    client->send(post("/v1/chat/completions", question("Hi").dump()));
  }
  ASSERT_TRUE(eventually([&] { return server.engine().status().waiting == 1; }));
  for (const bool stream : {false, true}) {
    const Reply reply = server.chat(question("Hi", {{"stream", stream}}));
    EXPECT_EQ(reply.status, 429U);
    EXPECT_GT(std::stoi(reply.headers.at("retry-after")), 0);
    EXPECT_EQ(reply.json().at("error").at("code"), "queue_full");
  }
  server.engine().allow(100);
  EXPECT_EQ(first.reply().status, 200U);
  EXPECT_EQ(second.reply().status, 200U);
}

TEST(ChatErrors, PathsAndMethods) {
  TestServer server(always(says("x")));
  const Reply nothing = server.ask(get("/v2/chat"));
  EXPECT_EQ(nothing.status, 404U);
  EXPECT_EQ(nothing.json().at("error").at("code"), "unknown_url");
  const Reply method = server.ask(get("/v1/chat/completions"));
  EXPECT_EQ(method.status, 405U);
  EXPECT_EQ(method.headers.at("allow"), "POST, OPTIONS");
}

}  // namespace
}  // namespace redbolt::test
