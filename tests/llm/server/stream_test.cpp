// POST /v1/chat/completions as a stream: the events that OpenAI's API reference describes ("The
// chat completion chunk object"), when they come, and what happens when the client goes.
#include <gtest/gtest.h>

#include "test_server.hpp"

namespace redbolt::test {
namespace {

Json streamed(const std::string& text, const Json& more = Json::object()) {
  Json body = question(text, more);
  body["stream"] = true;
  return body;
}

std::vector<Json> chunks_of(const Reply& reply) {
  EXPECT_EQ(reply.status, 200U) << reply.body;
  EXPECT_EQ(reply.headers.at("content-type"), "text/event-stream");
  const Events events = events_of(reply.body);
  EXPECT_EQ(events.data.back(), "[DONE]");
  std::vector<Json> chunks;
  for (std::size_t i = 0; i + 1 < events.data.size(); ++i) {
    chunks.push_back(Json::parse(events.data[i]));
  }
  return chunks;
}

const Json& delta(const Json& chunk) {
  return chunk.at("choices").at(0).at("delta");
}

std::string joined(const std::vector<Json>& chunks, const char* field) {
  std::string text;
  for (const Json& chunk : chunks) {
    for (const Json& choice : chunk.at("choices")) text += choice.at("delta").value(field, "");
  }
  return text;
}

TEST(Stream, RoleThenContentThenTheReason) {
  const FakeAnswer answer = says("Hello you two");
  TestServer server(always(answer));
  const std::vector<Json> chunks = chunks_of(server.chat(streamed("Hi")));
  ASSERT_EQ(chunks.size(), answer.tokens.size() + 2);  // a token's text in its own event
  for (const Json& chunk : chunks) {
    EXPECT_EQ(chunk.at("object"), "chat.completion.chunk");
    EXPECT_EQ(chunk.at("id"), chunks[0].at("id"));
    EXPECT_EQ(chunk.at("created"), chunks[0].at("created"));
    EXPECT_EQ(chunk.at("model"), kModelName);
    EXPECT_EQ(chunk.at("choices").at(0).at("index"), 0);
    EXPECT_FALSE(chunk.contains("usage"));
  }
  EXPECT_EQ(delta(chunks.front()), Json({{"role", "assistant"}, {"content", ""}}));
  EXPECT_EQ(joined(chunks, "content"), "Hello you two");
  EXPECT_EQ(delta(chunks.back()), Json::object());
  EXPECT_EQ(chunks.back().at("choices").at(0).at("finish_reason"), "stop");
  EXPECT_EQ(chunks.front().at("choices").at(0).at("finish_reason"), nullptr);
  EXPECT_GT(chunks.back().at("timings").at("predicted_n"), 0);
}

TEST(Stream, UsageComesLastWithoutChoices) {
  TestServer server(always(says("Hello")));
  const auto chunks =
      chunks_of(server.chat(streamed("Hi", {{"stream_options", {{"include_usage", true}}}})));
  EXPECT_EQ(chunks.back().at("choices"), Json::array());
  EXPECT_GT(chunks.back().at("usage").at("total_tokens"), 3);
  EXPECT_TRUE(chunks.back().contains("timings"));
  for (std::size_t i = 0; i + 1 < chunks.size(); ++i) EXPECT_EQ(chunks[i].at("usage"), nullptr);
}

TEST(Stream, ThoughtsAreDeltasOfTheirOwn) {
  TestServer server(always(says("<think>\nTwo and two.\n</think>\n\nIt is 4.")));
  const auto chunks = chunks_of(server.chat(streamed("2+2?")));
  EXPECT_EQ(joined(chunks, "reasoning_content"), "Two and two.");
  EXPECT_EQ(joined(chunks, "content"), "It is 4.");
}

TEST(Stream, CallsComeAsOpenAiSendsThem) {
  TestServer server(
      always(says("<tool_call>\n{\"name\": \"calculator\", \"arguments\": {\"expression\": "
                  "\"1+2\"}}\n</tool_call>")));
  const Json tool = Json::parse(R"({"type": "function", "function": {"name": "calculator",
    "parameters": {"type": "object", "properties": {"expression": {"type": "string"}}}}})");
  const auto chunks = chunks_of(server.chat(streamed("1+2?", {{"tools", {tool}}})));
  std::string arguments;
  int begun = 0;
  for (const Json& chunk : chunks) {
    if (!delta(chunk).contains("tool_calls")) continue;
    const Json& call = delta(chunk).at("tool_calls").at(0);
    EXPECT_EQ(call.at("index"), 0);
    if (call.contains("id")) {
      ++begun;
      EXPECT_TRUE(arguments.empty());
      EXPECT_EQ(call.at("type"), "function");
      EXPECT_EQ(call.at("function").at("name"), "calculator");
    }
    arguments += call.at("function").at("arguments").get<std::string>();
  }
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(Json::parse(arguments), Json({{"expression", "1+2"}}));
  EXPECT_EQ(chunks.back().at("choices").at(0).at("finish_reason"), "tool_calls");
}

TEST(Stream, SeveralAnswersHaveTheirIndex) {
  TestServer server(always(says("Hello")));
  const auto chunks = chunks_of(server.chat(streamed("Hi", {{"n", 2}})));
  std::map<int, std::string> texts;
  std::map<int, int> ends;
  for (const Json& chunk : chunks) {
    const Json& choice = chunk.at("choices").at(0);
    texts[choice.at("index")] += choice.at("delta").value("content", "");
    if (!choice.at("finish_reason").is_null()) ++ends[choice.at("index")];
  }
  EXPECT_EQ(texts, (std::map<int, std::string>{{0, "Hello"}, {1, "Hello"}}));
  EXPECT_EQ(ends, (std::map<int, int>{{0, 1}, {1, 1}}));
}

TEST(Stream, AnEventIsThereAsSoonAsItsToken) {
  FakeAnswer answer = says("one two three");
  answer.held = true;
  TestServer server(always(answer));
  HttpClient client(server.port());
  client.send(post("/v1/chat/completions", streamed("Hi").dump()));
  EXPECT_EQ(client.head().headers.at("transfer-encoding"), "chunked");
  EXPECT_NE(client.chunk()->find("\"role\""), std::string::npos);
  std::string text;
  for (std::size_t i = 0; i < answer.tokens.size(); ++i) {
    server.engine().allow(1);  // the next token is not there yet when this one's event is read
    const Events events = events_of(*client.chunk());
    ASSERT_EQ(events.data.size(), 1U);
    text += delta(Json::parse(events.data[0])).at("content");
  }
  EXPECT_EQ(text, "one two three");
}

TEST(Stream, CommentsKeepALongPromptAlive) {
  FakeAnswer answer = says("Hello");
  answer.held = true;
  TestServerOptions options;
  options.server.limits = quick_limits();
  TestServer server(always(answer), std::move(options));
  HttpClient client(server.port());
  client.send(post("/v1/chat/completions", streamed("Hi").dump()));
  client.head();
  client.chunk();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.chunk()->starts_with(": ping"));
  server.engine().allow(100);
  std::string rest;
  while (const auto piece = client.chunk()) rest += *piece;
  EXPECT_EQ(events_of(rest).data.back(), "[DONE]");
}

TEST(Stream, AClientThatHangsUpStopsItsGeneration) {
  FakeAnswer answer = says(std::string(2000, 'a'));
  answer.held = true;
  for (const bool reset : {false, true}) {
    TestServer server(always(answer));
    HttpClient client(server.port());
    client.send(post("/v1/chat/completions", streamed("Hi").dump()));
    client.head();
    server.engine().allow(3);
    client.chunk();
    ASSERT_TRUE(eventually([&] { return server.engine().delivered() == 3; }));
    reset ? client.reset() : client.hang_up();
    // No token has to come for it to be noticed.
    ASSERT_TRUE(server.engine().wait_for_ends(1));
    EXPECT_EQ(server.engine().cancelled(), 1U);
    EXPECT_EQ(server.engine().delivered(), 3U);
    ASSERT_TRUE(eventually([&] { return server.log().size() == 1; }));
    EXPECT_NE(server.log()[0].find("hung up"), std::string::npos) << server.log()[0];
  }
}

// The engine is told, rather than left to draw tokens that nobody will see.
TEST(Stream, AStopStringStopsItsGeneration) {
  FakeAnswer answer = says("one two " + std::string(2000, 'a'));
  answer.held = true;
  TestServer server(always(answer));
  HttpClient client(server.port());
  Json request = streamed("Hi");
  request["stop"] = "two";
  client.send(post("/v1/chat/completions", request.dump()));
  client.head();
  server.engine().allow(100);
  ASSERT_TRUE(server.engine().wait_for_ends(1));
  EXPECT_EQ(server.engine().cancelled(), 1U);
}

TEST(Stream, AClientThatHangsUpIsNoticedWithoutAStreamToo) {
  FakeAnswer answer = says("Hello");
  answer.held = true;
  TestServer server(always(answer));
  HttpClient client(server.port());
  client.send(post("/v1/chat/completions", question("Hi").dump()));
  ASSERT_TRUE(eventually([&] { return server.engine().status().slots[0].request.has_value(); }));
  client.hang_up();
  ASSERT_TRUE(server.engine().wait_for_ends(1));
  EXPECT_EQ(server.engine().cancelled(), 1U);
}

TEST(Stream, AFailureOnTheWayIsTheLastEvent) {
  FakeAnswer answer = says("Hello");
  answer.reason = llm::EndReason::failed;
  answer.error = llm::LlmError(llm::ErrorCode::device, "the card fell out");
  TestServer server(always(answer));
  const Reply reply = server.chat(streamed("Hi"));
  EXPECT_EQ(reply.status, 200U);
  const Json last = Json::parse(events_of(reply.body).data.back());
  EXPECT_EQ(last.at("error").at("message"), "the card fell out");
  EXPECT_EQ(last.at("error").at("type"), "server_error");
  const Reply whole = server.chat(question("Hi"));
  EXPECT_EQ(whole.status, 500U);
  EXPECT_EQ(whole.json().at("error").at("message"), "the card fell out");
}

TEST(Stream, AReaderThatDoesNotReadIsDropped) {
  FakeAnswer answer = says(std::string(200'000, 'a'));
  answer.held = true;  // one token short of the end, which it could reach before anybody is dropped
  TestServerOptions options;
  options.server.limits = quick_limits();
  options.engine.context = 1 << 20;
  TestServer server(always(answer), std::move(options));
  HttpClient client(server.port());
  client.shrink_receive_buffer();
  client.send(post("/v1/chat/completions", streamed("Hi").dump()));
  server.engine().allow(static_cast<std::uint32_t>(answer.tokens.size() - 1));
  ASSERT_TRUE(server.engine().wait_for_ends(1));
  EXPECT_EQ(server.engine().cancelled(), 1U);
  EXPECT_TRUE(eventually([&] { return server.server().connections() == 0; }));
}

}  // namespace
}  // namespace redbolt::test
