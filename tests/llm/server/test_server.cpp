#include "test_server.hpp"

#include <filesystem>

namespace redbolt::test {

using namespace llm;
using namespace llm::server;

namespace {

const ModelFiles& demo_files() {
  static const ModelFiles files(std::filesystem::path(REDBOLT_DEMO_MODEL) /
                                "redbolt-demo-Q4_K_M.gguf");
  return files;
}

ModelFacts demo_facts() {
  ModelFacts facts;
  facts.name = "Redbolt Demo";
  facts.architecture = "qwen3";
  facts.quantization = "Q4_K_M";
  facts.chat_template = *demo_files().metadata().find_string("tokenizer.chat_template");
  facts.parameters = 4'200'000;
  facts.bytes = 2'600'000;
  facts.trained_context = 1024;
  facts.modified = 1'700'000'000;
  return facts;
}

}  // namespace

const Tokenizer& demo_tokenizer() {
  static const Tokenizer tokenizer(demo_files().metadata());
  return tokenizer;
}

TestServer::TestServer(FakeEngine::Script script, TestServerOptions options)
    : script_(std::move(script)),
      engine_options_(options.engine),
      format_(options.format),
      models_{std::make_shared<ServedModel>(kModelName, std::vector<std::string>{"redbolt-demo"},
                                            demo_facts())} {
  for (const std::string& name : options.others)
    models_.push_back(
        std::make_shared<ServedModel>(name, std::vector<std::string>{}, demo_facts()));
  if (options.loaded) {
    load();
    for (std::size_t i = 0; i < options.others.size(); ++i) load_other(i);
  }
  options.server.port = 0;
  if (options.server.version.empty()) options.server.version = "0.0.0-test";
  options.server.log = [this](const std::string& line) {
    const std::lock_guard lock(log_mutex_);
    log_.push_back(line);
  };
  server_ = std::make_unique<Server>(std::move(options.server), models_);
  thread_ = std::thread([this] { server_->run(); });
}

TestServer::~TestServer() {
  stop();
}

void TestServer::load() {
  engine_ = load(model(), script_);
}

void TestServer::load_other(std::size_t index) {
  load(other(index), always(says(other(index).id())));
}

FakeEngine* TestServer::load(ServedModel& model, const FakeEngine::Script& script) {
  LoadedParts parts = load_text_parts(demo_files().metadata());
  if (format_) parts.answer_format = *format_;
  auto engine = std::make_unique<FakeEngine>(*parts.tokenizer, script, engine_options_);
  FakeEngine* const made = engine.get();
  parts.engine = std::move(engine);
  model.loaded(std::move(parts));
  return made;
}

void TestServer::stop() {
  if (!thread_.joinable()) return;
  server_->stop();
  thread_.join();
}

std::vector<std::string> TestServer::log() {
  const std::lock_guard lock(log_mutex_);
  return log_;
}

Limits quick_limits() {
  Limits limits;
  limits.write_time = std::chrono::milliseconds(500);
  limits.ping_interval = std::chrono::milliseconds(50);
  limits.stop_time = std::chrono::milliseconds(500);
  return limits;
}

FakeAnswer says(const std::string& text) {
  FakeAnswer answer;
  answer.tokens = demo_tokenizer().encode(text, SpecialTokens::all);
  return answer;
}

FakeEngine::Script always(FakeAnswer answer) {
  return [answer = std::move(answer)](const TokenRequest&, const std::string&) { return answer; };
}

Json question(const std::string& text, const Json& more) {
  Json body = {{"model", kModelName}, {"messages", {{{"role", "user"}, {"content", text}}}}};
  body.update(more);
  return body;
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace redbolt::test
