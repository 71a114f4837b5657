// Who may ask: keys, the Host header, other people's web pages.
#include "server/http/access.hpp"

#include <gtest/gtest.h>

#include "test_server.hpp"

namespace redbolt::test {
namespace {

TestServerOptions guarded() {
  TestServerOptions options;
  options.server.access.keys = {"sk-one", "sk-two"};
  options.server.access.hosts = {"box.example"};
  options.server.access.origins = {"https://good.example"};
  return options;
}

TEST(Access, AKeyIsNeededForAllButHealthAndThePage) {
  TestServer server(always(says("x")), guarded());
  for (const char* path : {"/health", "/"}) EXPECT_EQ(server.ask(get(path)).status, 200U) << path;
  for (const char* path : {"/v1/models", "/metrics", "/slots", "/status", "/api/tags"}) {
    const Reply reply = server.ask(get(path));
    EXPECT_EQ(reply.status, 401U) << path;
    EXPECT_EQ(reply.headers.at("www-authenticate"), "Bearer");
  }
  const Reply reply = server.ask(get("/v1/models"));
  EXPECT_EQ(reply.json().at("error").at("code"), "invalid_api_key");
}

TEST(Access, KeysComeAsBearerOrInAHeaderOfTheirOwn) {
  TestServer server(always(says("x")), guarded());
  const std::pair<const char*, unsigned> cases[] = {
      {"Authorization: Bearer sk-one\r\n", 200},
      {"Authorization: bearer sk-two\r\n", 200},
      {"X-Api-Key: sk-two\r\n", 200},
      {"Authorization: Bearer sk-on\r\n", 401},
      {"Authorization: Bearer sk-onee\r\n", 401},
      {"Authorization: sk-one\r\n", 401},
      {"Authorization: Bearer \r\n", 401},
      {"X-Api-Key:\r\n", 401},
  };
  for (const auto& [header, status] : cases) {
    EXPECT_EQ(server.ask(get("/v1/models", header)).status, status) << header;
  }
}

TEST(Access, KeysAreComparedWhole) {
  using llm::server::equal_in_constant_time;
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abcabc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abcabc"));
  EXPECT_FALSE(equal_in_constant_time("", "a"));
  EXPECT_FALSE(equal_in_constant_time("a", ""));
}

Reply as_host(TestServer& server, const std::string& hosts) {
  return server.ask("GET /health HTTP/1.1\r\n" + hosts + "\r\n");
}

TEST(Access, OnlyNamesOfThisMachineAreAnsweredFor) {
  TestServer server(always(says("x")), guarded());
  for (const char* host : {"localhost", "LocalHost:80", "127.0.0.1:11435", "[::1]:11435",
                           "192.168.1.7", "box.example", "BOX.example:1", "app.localhost"}) {
    EXPECT_EQ(as_host(server, std::string("Host: ") + host + "\r\n").status, 200U) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                           "box.example.evil", "evillocalhost", "", "box.example."}) {
    EXPECT_EQ(as_host(server, std::string("Host: ") + host + "\r\n").status, 421U) << host;
  }
  EXPECT_EQ(as_host(server, "").status, 400U);
  EXPECT_EQ(as_host(server, "Host: localhost\r\nHost: evil.example\r\n").status, 400U);
}

TEST(Access, PagesFromElsewhereAreRefusedUnlessAllowed) {
  TestServer server(always(says("x")), guarded());
  const Reply evil = server.ask(get("/health", "Origin: https://evil.example\r\n"));
  EXPECT_EQ(evil.status, 403U);
  EXPECT_FALSE(evil.headers.contains("access-control-allow-origin"));
  EXPECT_EQ(server.ask(get("/health", "Origin: null\r\n")).status, 403U);
  const Reply own = server.ask(get("/health", "Origin: http://localhost\r\n"));
  EXPECT_EQ(own.status, 200U);
  EXPECT_FALSE(own.headers.contains("access-control-allow-origin"));
  const Reply good = server.ask(get("/health", "Origin: https://good.example\r\n"));
  EXPECT_EQ(good.status, 200U);
  EXPECT_EQ(good.headers.at("access-control-allow-origin"), "https://good.example");
  EXPECT_EQ(good.headers.at("vary"), "Origin");
}

// An allowed page must be able to read why it is refused, and to ask before it sends a key.
TEST(Access, AllowedPagesReadErrorsAndPreflights) {
  TestServer server(always(says("x")), guarded());
  const std::string origin = "Origin: https://good.example\r\n";
  const Reply error = server.ask(get("/v1/models", origin));
  EXPECT_EQ(error.status, 401U);
  EXPECT_EQ(error.headers.at("access-control-allow-origin"), "https://good.example");
  const Reply preflight =
      server.ask("OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" + origin +
                 "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: "
                 "authorization,x-stainless-lang\r\n\r\n");
  EXPECT_EQ(preflight.status, 204U);
  EXPECT_NE(preflight.headers.at("access-control-allow-headers").find("Authorization"),
            std::string::npos);
  // OpenAI's SDK in a browser sends headers of its own.
  EXPECT_NE(preflight.headers.at("access-control-allow-headers").find("x-stainless-lang"),
            std::string::npos);
  EXPECT_NE(preflight.headers.at("access-control-allow-methods").find("POST"), std::string::npos);
}

TEST(Access, AStreamForAnAllowedPageSaysSo) {
  TestServer server(always(says("Hello")), guarded());
  const Reply reply =
      server.ask(post("/v1/chat/completions", question("Hi", {{"stream", true}}).dump(),
                      "Origin: https://good.example\r\nX-Api-Key: sk-one\r\n"));
  EXPECT_EQ(reply.headers.at("access-control-allow-origin"), "https://good.example");
}

}  // namespace
}  // namespace redbolt::test
