// HTTP as RFC 9110 and 9112 have it, and what is refused: too much, too slow, not HTTP at all.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <thread>

#include "server/http/message.hpp"
#include "test_server.hpp"

namespace redbolt::test {
namespace {

using llm::server::Limits;

TestServerOptions with(const Limits& limits) {
  TestServerOptions options;
  options.server.limits = limits;
  return options;
}

// For slow senders. Long enough for a test on a machine that has other things to do.
Limits impatient() {
  Limits limits;
  limits.header_time = std::chrono::milliseconds(1000);
  limits.body_time = std::chrono::milliseconds(1000);
  limits.idle_time = std::chrono::milliseconds(1500);
  return limits;
}

// What the server says to bytes that are sent as they are.
Reply raw(TestServer& server, std::string_view bytes) {
  HttpClient client(server.port());
  client.send(bytes);
  return client.reply();
}

TEST(Http, ConnectionsAreKeptAliveAndRequestsMayComeInOnePiece) {
  TestServer server(always(says("x")));
  HttpClient client(server.port());
  client.send(get("/health") + get("/api/version") + get("/nothing"));
  EXPECT_EQ(client.reply().body, R"({"status":"ok"})");
  EXPECT_EQ(client.reply().json().at("redbolt"), "0.0.0-test");
  EXPECT_EQ(client.reply().status, 404U);
  client.send(get("/health", "Connection: close\r\n"));
  EXPECT_EQ(client.reply().headers.at("connection"), "close");
  EXPECT_TRUE(client.closed());
}

TEST(Http, RequestsMayComeByteByByte) {
  TestServer server(always(says("Hello")));
  HttpClient client(server.port());
  for (const char byte : post("/v1/chat/completions", question("Hi").dump())) {
    client.send({&byte, 1});
  }
  EXPECT_EQ(client.reply().json().at("choices").at(0).at("message").at("content"), "Hello");
}

TEST(Http, BodiesMayComeInChunks) {
  TestServer server(always(says("Hello")));
  const std::string body = question("Hi").dump();
  const std::string head =
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  HttpClient client(server.port());
  client.send(head + "5\r\n" + body.substr(0, 5) + "\r\n");
  std::array<char, 20> size{};
  std::snprintf(size.data(), size.size(), "%zX;a=b\r\n", body.size() - 5);
  client.send(size.data() + body.substr(5) + "\r\n0\r\nTrailer: x\r\n\r\n" + get("/health"));
  EXPECT_EQ(client.reply().status, 200U);
  EXPECT_EQ(client.reply().status, 200U);
}

TEST(Http, HeadIsGetWithoutTheBody) {
  TestServer server(always(says("x")));
  HttpClient client(server.port());
  client.send("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/health"));
  const Reply head = client.reply(true);
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.headers.at("content-length"), "15");
  EXPECT_EQ(client.reply().body.size(), 15U);
}

TEST(Http, OptionsTellsTheMethods) {
  TestServer server(always(says("x")));
  const Reply one = server.ask("OPTIONS /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(one.status, 204U);
  EXPECT_EQ(one.headers.at("allow"), "GET, HEAD, OPTIONS");
  EXPECT_FALSE(one.headers.contains("content-length"));  // RFC 9110, 8.6: never with 204
  EXPECT_EQ(server.ask("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 204U);
}

TEST(Http, Http10IsSpokenAndGetsNoChunks) {
  TestServer server(always(says("Hello")));
  const std::string body = question("Hi", {{"stream", true}}).dump();
  HttpClient client(server.port());
  client.send("POST /v1/chat/completions HTTP/1.0\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  const Reply reply = client.reply();
  EXPECT_EQ(reply.status, 200U);
  EXPECT_FALSE(reply.headers.contains("transfer-encoding"));
  EXPECT_EQ(events_of(reply.body).data.back(), "[DONE]");
}

TEST(Http, WhoWaitsToBeToldToGoOnIsTold) {
  TestServer server(always(says("Hello")));
  HttpClient client(server.port());
  const std::string body = question("Hi").dump();
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(client.reply().status, 100U);
  client.send(body);
  EXPECT_EQ(client.reply().status, 200U);
}

TEST(Http, AbsoluteTargetsAndEscapesAreUnderstood) {
  TestServer server(always(says("x")));
  EXPECT_EQ(raw(server, "GET http://localhost/health HTTP/1.1\r\nHost: localhost\r\n\r\n").status,
            200U);
  EXPECT_EQ(raw(server, get("/%68ealth?x=1")).status, 200U);
  EXPECT_EQ(raw(server, get("/v1/models/%zz")).status, 400U);
  EXPECT_EQ(raw(server, get("/v1/models/a%00b")).status, 400U);
  EXPECT_EQ(raw(server, get("/../health")).status, 404U);
}

TEST(Http, WhatIsNotHttpIsRefusedAndTheConnectionEnds) {
  TestServer server(always(says("x")));
  for (const std::string bytes : {
           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this is TLS\r\n\r\n",
           "GET /health\r\n\r\n",
           "GET /health HTTP/1.1\r\nHost localhost\r\n\r\n",
           "GET /health HTTP/1.1\r\n Host: localhost\r\n\r\n",
           "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
           "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: "
           "6\r\n\r\nabcdef",
           "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
           "99999999999999999999\r\n\r\n",
           "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
           "chunked\r\n\r\nxyz\r\n",
           "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
           "FFFFFFFFFFFFFFFFF\r\n",
           "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
           "Content-Length: 3\r\n\r\n0\r\n\r\n",
       }) {
    SCOPED_TRACE(bytes);
    HttpClient client(server.port());
    client.send(bytes);
    const Reply reply = client.reply();
    EXPECT_EQ(reply.status, 400U);
    EXPECT_EQ(reply.headers.at("connection"), "close");
    EXPECT_EQ(reply.json().at("error").at("type"), "invalid_request_error");
    EXPECT_TRUE(client.closed());
  }
  EXPECT_EQ(raw(server, "GET /health HTTP/2.0\r\nHost: localhost\r\n\r\n").status, 505U);
}

TEST(Http, LargeHeadersAreRefusedBeforeTheyAreWhole) {
  TestServer server(always(says("x")));
  HttpClient client(server.port());
  client.send("GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(40'000, 'x'));
  EXPECT_EQ(client.reply().status, 431U);
  EXPECT_TRUE(client.closed());
}

TEST(Http, LargeBodiesAreRefusedBeforeTheyAreSent) {
  Limits limits;
  limits.body_bytes = 1000;
  TestServer server(always(says("x")), with(limits));
  HttpClient announced(server.port());
  announced.send("POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(announced.reply().status, 413U);
  HttpClient chunked(server.port());
  chunked.send(
      "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n");
  chunked.send(std::string(1001, ' '));
  EXPECT_EQ(chunked.reply().status, 413U);
  EXPECT_EQ(raw(server, post("/tokenize", R"({"content":"a"})" + std::string(900, ' '))).status,
            200U);
}

TEST(Http, AllBodiesTogetherHaveALimitToo) {
  Limits limits;
  limits.bodies_bytes = 10'000;
  TestServer server(always(says("x")), with(limits));
  const std::string head =
      "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n";
  HttpClient first(server.port()), second(server.port());
  first.send(head + std::string(6000, ' '));
  second.send(head + std::string(6000, ' '));
  // Whichever came second is told to try again; the other is not disturbed.
  const auto is_refused = [](HttpClient& client) { return client.reply().status == 503; };
  EXPECT_TRUE(is_refused(second) || is_refused(first));
}

TEST(Http, SlowSendersAreToldAndDropped) {
  TestServer server(always(says("x")), with(impatient()));
  HttpClient headers(server.port());
  headers.send("GET /health HTTP/1.1\r\nHost:");
  EXPECT_EQ(headers.reply().status, 408U);
  EXPECT_TRUE(headers.closed());
  HttpClient body(server.port());
  body.send("POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{");
  EXPECT_EQ(body.reply().status, 408U);
  HttpClient silent(server.port());
  EXPECT_TRUE(silent.closed());
  HttpClient kept(server.port());
  kept.send(get("/health"));
  EXPECT_EQ(kept.reply().status, 200U);
  EXPECT_TRUE(kept.closed());
}

// Bytes that trickle in do not keep the time from running out.
TEST(Http, ATrickleOfHeadersIsSlowToo) {
  TestServer server(always(says("x")), with(impatient()));
  HttpClient client(server.port());
  std::atomic<bool> done{false};
  std::thread sender([&] {
    for (int i = 0; i < 2000 && !done; ++i) {
      client.send("x");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  const Reply reply = client.reply();
  done = true;
  sender.join();
  EXPECT_EQ(reply.status, 408U);
}

TEST(Http, OnlySoManyConnectionsAreOpen) {
  Limits limits;
  limits.connections = 3;
  TestServer server(always(says("x")), with(limits));
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server.port()));
    clients.back()->send(get("/health"));
    EXPECT_EQ(clients.back()->reply().status, 200U);
  }
  HttpClient fourth(server.port());
  const Reply refused = fourth.reply();
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  clients.pop_back();
  ASSERT_TRUE(eventually([&] { return server.server().connections() < 3; }));
  EXPECT_EQ(raw(server, get("/health")).status, 200U);
}

TEST(Http, APortThatIsTakenIsNamedWithWhoHasIt) {
  TestServer server(always(says("x")));
  llm::server::ServerOptions options;
  options.port = server.port();
  try {
    llm::server::Server second(options, {});
    FAIL() << "listens twice";
  } catch (const llm::LlmError& error) {
    const std::string said = error.what();
    EXPECT_NE(said.find(std::to_string(server.port())), std::string::npos) << said;
    EXPECT_NE(said.find("--port"), std::string::npos) << said;
#ifdef __linux__
    EXPECT_NE(said.find("(process " + std::to_string(getpid()) + ")"), std::string::npos) << said;
#endif
  }
}

TEST(Http, StopsWhileClientsAreThere) {
  FakeAnswer endless = says("word");
  endless.held = true;
  TestServer server(always(endless), with(quick_limits()));
  HttpClient idle(server.port()), streaming(server.port()), waiting(server.port());
  streaming.send(post("/v1/chat/completions", question("Hi", {{"stream", true}}).dump()));
  EXPECT_EQ(streaming.head().status, 200U);
  waiting.send(post("/v1/chat/completions", question("Hi").dump()));
  ASSERT_TRUE(eventually([&] {
    return std::ranges::count_if(server.engine().status().slots,
                                 [](const auto& slot) { return slot.request.has_value(); }) == 2;
  }));
  const auto before = std::chrono::steady_clock::now();
  server.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
  EXPECT_TRUE(server.engine().wait_for_ends(2));
  EXPECT_EQ(server.engine().cancelled(), 2U);
  EXPECT_TRUE(idle.closed());
  // Whose answers did not end in time hear why, and the answer's end is one of HTTP's.
  std::string events;
  while (const auto chunk = streaming.chunk()) events += *chunk;
  const std::string last = events_of(events).data.back();
  EXPECT_EQ(Json::parse(last).at("error").at("code"), "server_stopping") << events;
  EXPECT_TRUE(streaming.closed());
  const Reply refused = waiting.reply();
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(refused.headers.at("connection"), "close");
  EXPECT_TRUE(refused.headers.contains("retry-after"));
  for (const std::string& line : server.log()) {
    EXPECT_EQ(line.find("hung up"), std::string::npos) << line;
  }
}

// A coding that is passed over would make something else of the body.
TEST(Http, CodingsThatAreNotUnderstoodAreRefused) {
  TestServer server(always(says("x")));
  const std::string head = "POST /tokenize HTTP/1.1\r\nHost: localhost\r\n";
  for (const char* coding : {"gzip, chunked", "gzip", "identity", "chunked, chunked"}) {
    const Reply reply = raw(server, head + "Transfer-Encoding: " + coding + "\r\n\r\n");
    EXPECT_EQ(reply.status, 501U) << coding << reply.body;
    EXPECT_EQ(reply.headers.at("connection"), "close");
  }
  const std::string body = "Content-Length: 15\r\n\r\n{\"content\":\"a\"}";
  EXPECT_EQ(raw(server, head + "Content-Encoding: gzip\r\n" + body).status, 415U);
  EXPECT_EQ(raw(server, head + "Content-Encoding: identity\r\n" + body).status, 200U);
  EXPECT_EQ(raw(server, head + body).status, 200U);
}

TEST(Http, RepliesAreDated) {
  using std::chrono::system_clock;
  // RFC 9110's example.
  EXPECT_EQ(llm::server::http_date(system_clock::time_point(std::chrono::seconds(784'111'777))),
            "Sun, 06 Nov 1994 08:49:37 GMT");
  TestServer server(always(says("x")));
  const auto before = system_clock::now() - std::chrono::seconds(1);
  const std::string date = server.ask(get("/health")).headers.at("date");
  std::tm parts{};
  ASSERT_NE(strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts), nullptr) << date;
  const auto said = system_clock::from_time_t(timegm(&parts));
  EXPECT_GE(said, before);
  EXPECT_LE(said, system_clock::now());
}

TEST(Http, OneLinePerRequestAndNothingOfWhatWasSaid) {
  TestServer server(always(says("a secret answer")));
  server.chat(question("a secret question"));
  server.ask(get("/nothing%0Aelse"));
  ASSERT_TRUE(eventually([&] { return server.log().size() == 2; }));
  const auto log = server.log();
  EXPECT_TRUE(log[0].starts_with("POST /v1/chat/completions 200 ")) << log[0];
  EXPECT_NE(log[0].find(" tokens"), std::string::npos) << log[0];
  EXPECT_EQ(log[0].find("secret"), std::string::npos) << log[0];
  EXPECT_TRUE(log[1].starts_with("GET /nothing?else 404 ")) << log[1];
}

}  // namespace
}  // namespace redbolt::test
