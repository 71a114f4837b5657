// What can be asked of the server itself: models, health, metrics, slots, status, tokens, the page.
#include <gtest/gtest.h>

#include "test_server.hpp"

namespace redbolt::test {
namespace {

TEST(Models, AreListed) {
  TestServer server(always(says("x")));
  const Json list = server.ask(get("/v1/models")).json();
  EXPECT_EQ(list.at("object"), "list");
  ASSERT_EQ(list.at("data").size(), 1U);
  EXPECT_EQ(list.at("data")[0].at("id"), kModelName);
  EXPECT_EQ(list.at("data")[0].at("object"), "model");
  EXPECT_EQ(list.at("data")[0].at("created"), 1'700'000'000);
  EXPECT_EQ(list.at("data")[0].at("owned_by"), "redbolt");
  EXPECT_EQ(list.at("data")[0].at("meta").at("n_ctx"), 1024);
  EXPECT_EQ(server.ask(get("/v1/models/demo")).json(), list.at("data")[0]);
  EXPECT_EQ(server.ask(get("/v1/models/redbolt-demo")).status, 200U);
  const Reply missing = server.ask(get("/v1/models/user/other"));
  EXPECT_EQ(missing.status, 404U);
  EXPECT_NE(missing.body.find("user/other"), std::string::npos);
}

TEST(Models, AreWaitedFor) {
  TestServerOptions options;
  options.loaded = false;
  TestServer server(always(says("Hello")), std::move(options));
  server.model().report_progress(0.25);
  const Reply health = server.ask(get("/health"));
  EXPECT_EQ(health.status, 503U);
  EXPECT_EQ(health.json().at("error").at("progress"), 0.25);
  const Reply chat = server.chat(question("Hi"));
  EXPECT_EQ(chat.status, 503U);
  EXPECT_TRUE(chat.headers.contains("retry-after"));
  EXPECT_EQ(chat.json().at("error").at("code"), "model_loading");
  EXPECT_EQ(server.ask(get("/v1/models")).json().at("data")[0].at("status"), "loading");
  EXPECT_EQ(server.ask(get("/slots")).json(), Json::array());
  EXPECT_EQ(server.ask(get("/metrics")).status, 200U);
  server.load();
  EXPECT_EQ(server.ask(get("/health")).json(), Json({{"status", "ok"}}));
  EXPECT_EQ(server.chat(question("Hi")).status, 200U);
}

TEST(Models, ThatLostTheCardSayWhyUntilTheyAreBack) {
  TestServer server(always(says("x")));
  server.model().unloaded("the cable is out");
  const Reply chat = server.chat(question("Hi"));
  EXPECT_EQ(chat.status, 503U);
  EXPECT_EQ(chat.json().at("error").at("code"), "model_loading");
  EXPECT_NE(chat.body.find("the cable is out"), std::string::npos);
  server.load();
  EXPECT_EQ(server.chat(question("Hi")).status, 200U);
}

TEST(Models, ThatFailedSayWhy) {
  TestServerOptions options;
  options.loaded = false;
  TestServer server(always(says("x")), std::move(options));
  server.model().failed("it does not fit");
  const Reply chat = server.chat(question("Hi"));
  EXPECT_EQ(chat.status, 500U);
  EXPECT_NE(chat.body.find("it does not fit"), std::string::npos);
  EXPECT_EQ(server.ask(get("/v1/models")).json().at("data")[0].at("status"), "failed");
}

TestServerOptions with_another(bool loaded) {
  TestServerOptions options;
  options.loaded = loaded;
  options.others = {"second"};
  return options;
}

TEST(SeveralModels, AreAnsweredByTheirName) {
  TestServer server(always(says("first")), with_another(true));
  const auto said = [&](const Json& model) {
    Json body = question("Hi");
    body["model"] = model;
    const Json reply = server.chat(body).json();
    return std::pair(reply.at("model"), reply.at("choices")[0].at("message").at("content"));
  };
  EXPECT_EQ(said("demo"), std::pair(Json("demo"), Json("first")));
  EXPECT_EQ(said("second"), std::pair(Json("second"), Json("second")));
  EXPECT_EQ(said("Second:latest"), std::pair(Json("second"), Json("second")));
  EXPECT_EQ(said(""), std::pair(Json("demo"), Json("first")));
  const Json chat = {{"model", "second"},
                     {"stream", false},
                     {"messages", {{{"role", "user"}, {"content", "Hi"}}}}};
  EXPECT_EQ(server.ask(post("/api/chat", chat.dump())).json().at("message").at("content"),
            "second");
}

TEST(SeveralModels, AnUnknownNameIsToldWhatThereIs) {
  TestServer server(always(says("first")), with_another(true));
  Json body = question("Hi");
  body["model"] = "gpt-4o";
  const Reply reply = server.chat(body);
  EXPECT_EQ(reply.status, 404U);
  const Json error = reply.json().at("error");
  EXPECT_EQ(error.at("code"), "model_not_found");
  EXPECT_EQ(error.at("type"), "invalid_request_error");
  EXPECT_EQ(error.at("param"), "model");
  EXPECT_EQ(error.at("message"),
            "The model 'gpt-4o' does not exist here. This server has: 'demo', 'second'.");
}

TEST(SeveralModels, AreLoadedOneByOne) {
  TestServer server(always(says("first")), with_another(false));
  server.load();
  server.other(0).report_progress(0.5);
  const Reply health = server.ask(get("/health"));
  EXPECT_EQ(health.status, 503U);
  EXPECT_TRUE(health.headers.contains("retry-after"));
  EXPECT_EQ(health.json().at("error").at("progress"), 0.5);
  EXPECT_EQ(health.json().at("models"),
            Json::parse(R"([{"id": "demo", "status": "ready", "progress": 1.0},
                            {"id": "second", "status": "loading", "progress": 0.5}])"));
  // The one that is there answers.
  EXPECT_EQ(server.chat(question("Hi")).status, 200U);
  Json body = question("Hi");
  body["model"] = "second";
  EXPECT_EQ(server.chat(body).status, 503U);
  server.load_other(0);
  const Reply ready = server.ask(get("/health"));
  EXPECT_EQ(ready.status, 200U);
  EXPECT_EQ(ready.json().at("status"), "ok");
  EXPECT_EQ(ready.json().at("models")[1].at("status"), "ready");
  EXPECT_EQ(server.chat(body).status, 200U);
}

TEST(SeveralModels, AreNamedInListsFiguresAndSlots) {
  TestServer server(always(says("first")), with_another(true));
  const auto ids = [](const Json& list, const char* key) {
    Json result = Json::array();
    for (const Json& one : list) result.push_back(one.at(key));
    return result;
  };
  const Json both{"demo", "second"};
  EXPECT_EQ(ids(server.ask(get("/v1/models")).json().at("data"), "id"), both);
  EXPECT_EQ(ids(server.ask(get("/api/tags")).json().at("models"), "name"), both);
  EXPECT_EQ(ids(server.ask(get("/api/ps")).json().at("models"), "name"), both);
  const Json slots = ids(server.ask(get("/slots")).json(), "model");
  EXPECT_EQ(slots.size(), 8U);
  EXPECT_EQ(slots[3], "demo");
  EXPECT_EQ(slots[4], "second");
  EXPECT_EQ(server.ask(get("/status")).json().at("models"), both);
  server.chat(question("Hi"));
  const std::string metrics = server.ask(get("/metrics")).body;
  for (const char* const line :
       {"redbolt_model_ready{model=\"demo\"} 1\n", "redbolt_model_ready{model=\"second\"} 1\n",
        "redbolt_requests_total{model=\"demo\"} 1\n",
        "redbolt_requests_total{model=\"second\"} 0\n"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line << metrics;
  }
}

TEST(Models, HaveNoEmbeddings) {
  TestServer server(always(says("x")));
  const Reply reply = server.ask(post("/v1/embeddings", R"({"model":"demo","input":"x"})"));
  EXPECT_EQ(reply.status, 400U);
  EXPECT_NE(reply.json().at("error").at("message").get<std::string>().find("embeddings"),
            std::string::npos);
}

TEST(Metrics, ArePrometheusText) {
  TestServerOptions options;
  options.server.read_card = [] {
    llm::server::CardReading card;
    card.device = "A \"card\"";
    card.arena_bytes = 1000;
    card.arena_free_bytes = 400;
    card.temperature_celsius = 41.5;
    return std::optional(card);
  };
  TestServer server(always(says("Hello")), std::move(options));
  server.chat(question("Hi"));
  server.chat(question("Hi"));
  server.ask(get("/nothing"));
  const Reply reply = server.ask(get("/metrics"));
  EXPECT_TRUE(reply.headers.at("content-type").starts_with("text/plain; version=0.0.4"));
  for (const char* line : {
           "# TYPE redbolt_http_requests_total counter\n",
           "redbolt_http_requests_total{route=\"/v1/chat/completions\",status=\"200\"} 2\n",
           "redbolt_http_requests_total{route=\"unknown\",status=\"404\"} 1\n",
           "redbolt_requests_total{model=\"demo\"} 2\n",
           "redbolt_slots{model=\"demo\"} 4\n",
           "redbolt_vram_arena_free_bytes{device=\"A \\\"card\\\"\",emulated=\"false\"} 400\n",
           "redbolt_temperature_celsius{device=\"A \\\"card\\\"\",emulated=\"false\"} 41.5\n",
       }) {
    EXPECT_NE(reply.body.find(line), std::string::npos) << line << reply.body;
  }
}

TEST(Status, TellsWhatThePageShows) {
  TestServerOptions options;
  options.server.read_card = [] {
    llm::server::CardReading card;
    card.device = "RX";
    card.emulated = true;
    card.arena_bytes = 1000;
    card.arena_free_bytes = 400;
    return std::optional(card);
  };
  TestServer server(always(says("Hello")), std::move(options));
  server.chat(question("Hi"));
  const Json status = server.ask(get("/status")).json();
  EXPECT_EQ(status.at("model"), kModelName);
  EXPECT_EQ(status.at("arena").at("used_bytes"), 600);
  EXPECT_EQ(status.at("device").at("emulated"), true);
  EXPECT_FALSE(status.at("device").contains("temperature_celsius"));
  EXPECT_NEAR(status.at("tokens_per_second").get<double>(), 100, 1e-6);
  EXPECT_EQ(status.at("waiting"), 0);
  EXPECT_EQ(server.ask(get("/status")).json().at("tokens_per_second"), nullptr);
}

TEST(Slots, SayWhoIsAtWork) {
  FakeAnswer answer = says("Hello");
  answer.held = true;
  TestServer server(always(answer));
  HttpClient client(server.port());
  client.send(post("/v1/chat/completions", question("Hi").dump()));
  ASSERT_TRUE(eventually([&] { return server.engine().status().slots[0].request.has_value(); }));
  const Json slots = server.ask(get("/slots")).json();
  ASSERT_EQ(slots.size(), 4U);
  EXPECT_EQ(slots[0].at("is_processing"), true);
  EXPECT_EQ(slots[1].at("is_processing"), false);
  EXPECT_EQ(slots[3].at("id"), 3);
}

TEST(Tokens, ThereAndBack) {
  TestServer server(always(says("x")));
  const std::string text = "Città <|im_end|> 😊";
  const auto tokenize = [&](const Json& more) {
    Json body = {{"content", text}};
    body.update(more);
    return server.ask(post("/tokenize", body.dump())).json().at("tokens");
  };
  const Json tokens = tokenize(Json::object());
  EXPECT_EQ(tokens, Json(demo_tokenizer().encode(text, llm::SpecialTokens::all)));
  const Json plain = tokenize({{"parse_special", false}});
  EXPECT_GT(plain.size(), tokens.size());
  EXPECT_EQ(server.ask(post("/detokenize", Json({{"tokens", plain}}).dump())).json(),
            Json({{"content", text}}));
  EXPECT_EQ(server.ask(post("/detokenize", Json({{"tokens", tokens}}).dump())).json(),
            Json({{"content", text}}));
  // What is a part of a character only comes as bytes.
  const Json pieces = tokenize({{"with_pieces", true}});
  EXPECT_EQ(pieces[0].at("piece"), "C");
  std::string together;
  for (const Json& one : pieces) {
    const Json& piece = one.at("piece");
    if (piece.is_string()) together += piece.get<std::string>();
    for (const Json& byte : piece.is_array() ? piece : Json::array()) {
      together += static_cast<char>(byte.get<int>());
    }
  }
  EXPECT_EQ(together, text);
  EXPECT_EQ(server.ask(post("/tokenize", "{}")).json().at("error").at("param"), "content");
  EXPECT_EQ(server.ask(post("/detokenize", R"({"tokens":[1,"x"]})")).json().at("error").at("param"),
            "tokens[1]");
  EXPECT_EQ(server.ask(post("/detokenize", R"({"tokens":[99999]})")).json().at("error").at("param"),
            "tokens[0]");
}

TEST(Page, IsServedWithItsPolicy) {
  TestServerOptions options;
  options.server.page = [] {
    return llm::server::WebPage{"<!doctype html>", "default-src 'none'"};
  };
  TestServer server(always(says("x")), std::move(options));
  const Reply page = server.ask(get("/"));
  EXPECT_EQ(page.body, "<!doctype html>");
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.headers.at("content-security-policy"), "default-src 'none'");
}

}  // namespace
}  // namespace redbolt::test
