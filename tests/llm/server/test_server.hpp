// A server on a port of its own with a model whose engine plays what the test has written. The
// vocabulary and the chat template are the demo model's.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fake_engine.hpp"
#include "http_client.hpp"
#include "redbolt/llm/gguf/model_files.hpp"
#include "server/models/text_parts.hpp"
#include "server/server.hpp"

namespace redbolt::test {

inline constexpr const char* kModelName = "demo";

struct TestServerOptions {
  llm::server::ServerOptions server = {};
  FakeEngine::Options engine = {};
  bool loaded = true;  // otherwise the models are still being loaded
  // How the models answer; nothing: as their template says.
  std::optional<llm::AnswerFormat> format = {};
  // Further models by name, each with an engine that always answers with that name.
  std::vector<std::string> others = {};
};

class TestServer {
 public:
  explicit TestServer(FakeEngine::Script script, TestServerOptions options = {});
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  std::uint16_t port() const { return server_->port(); }
  FakeEngine& engine() { return *engine_; }
  llm::server::ServedModel& model() { return *models_.front(); }
  llm::server::ServedModel& other(std::size_t index) { return *models_.at(1 + index); }
  llm::server::Server& server() { return *server_; }
  // Lines of the log so far.
  std::vector<std::string> log();

  Reply ask(const std::string& request) { return test::ask(port(), request); }
  Reply chat(const Json& body) { return ask(post("/v1/chat/completions", body.dump())); }

  // Ends the server's thread; what the destructor does otherwise.
  void stop();
  // Hands over what a loader would.
  void load();
  void load_other(std::size_t index);

 private:
  FakeEngine* load(llm::server::ServedModel& model, const FakeEngine::Script& script);

  FakeEngine::Script script_;
  FakeEngine::Options engine_options_;
  std::optional<llm::AnswerFormat> format_;
  llm::server::ServedModels models_;
  FakeEngine* engine_ = nullptr;
  std::mutex log_mutex_;
  std::vector<std::string> log_;
  std::unique_ptr<llm::server::Server> server_;
  std::thread thread_;
};

// Limits that make tests of slow readers, of silence and of stopping short.
llm::server::Limits quick_limits();

const llm::Tokenizer& demo_tokenizer();
// An answer of this text, "<think>" and the like as tokens.
FakeAnswer says(const std::string& text);
// The same answer to everything.
FakeEngine::Script always(FakeAnswer answer);

// A chat of one question.
Json question(const std::string& text, const Json& more = Json::object());

// Waits until the condition holds, half a minute at most.
bool eventually(const std::function<bool()>& condition);

}  // namespace redbolt::test
