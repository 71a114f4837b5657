// redbolt-llm serve: models over HTTP, by OpenAI's and Ollama's APIs.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/serve_loader.hpp"
#include "cli/serve_models.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "redbolt/llm/error.hpp"
#include "server/page/page.hpp"
#include "server/server.hpp"

namespace redbolt::llm::cli {
namespace {

struct Options {
  DeviceChoice card;
  std::vector<std::string> models;
  std::vector<std::string> aliases;
  std::string host = "127.0.0.1";
  std::uint16_t port = 11435;
  runtime::CacheType cache_type = runtime::CacheType::f16;
  std::uint32_t context = 0;
  std::uint32_t parallel = 1;
  std::uint32_t queue = 64;
  std::filesystem::path key_file;
  std::vector<std::string> hosts;
  std::vector<std::string> origins;
  bool page = false;
  bool context_shift = false;
};

std::string trimmed(std::string line) {
  constexpr const char* space = " \t\r\n";
  line.erase(line.find_last_not_of(space) + 1);
  line.erase(0, std::min(line.find_first_not_of(space), line.size()));
  return line;
}

// A key a line; empty lines and those that begin with # are none.
std::vector<std::string> read_keys(const std::filesystem::path& file) {
  std::vector<std::string> keys;
  if (const char* const key = std::getenv("REDBOLT_API_KEY"); key != nullptr && *key != '\0') {
    keys.emplace_back(key);
  }
  if (file.empty()) return keys;
  std::ifstream text(file);
  if (!text) throw LlmError(ErrorCode::io, "cannot read the keys in '" + file.string() + "'");
  const std::size_t before = keys.size();
  for (std::string line; std::getline(text, line);) {
    line = trimmed(std::move(line));
    if (!line.empty() && !line.starts_with('#')) keys.push_back(line);
  }
  if (keys.size() == before) {
    // A server that was to be closed must not be open.
    throw LlmError(ErrorCode::io, "there is no key in '" + file.string() + "'");
  }
  return keys;
}

server::AccessRules access_rules(const Options& options) {
  server::AccessRules rules;
  rules.keys = read_keys(options.key_file);
  rules.hosts = options.hosts;
  rules.hosts.push_back(options.host);
  rules.origins = options.origins;
  return rules;
}

void warn_if_open(const Options& options, bool has_key) {
  if (has_key || server::is_loopback(options.host)) return;
  note("WARNING: anybody who reaches " + options.host + " can use this server: it listens beyond " +
       "this computer and asks for no key.");
  note("WARNING: give it one with --api-key-file FILE, or listen at 127.0.0.1.");
}

std::string address_text(const std::string& host, std::uint16_t port) {
  const bool is_v6 = host.find(':') != std::string::npos;
  return "http://" + (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// Stops the server when a signal has come.
class SignalWatch {
 public:
  explicit SignalWatch(server::Server& server)
      : thread_([this, &server] {
          while (!done_) {
            if (interrupted()) server.stop();
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
          }
        }) {}
  ~SignalWatch() {
    done_ = true;
    thread_.join();
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

server::ServerOptions server_options(const Options& options) {
  server::ServerOptions made;
  made.host = options.host;
  made.port = options.port;
  made.access = access_rules(options);
  made.version = REDBOLT_VERSION;
  if (options.page) {
    made.page = [] { return server::WebPage{page_html(), page_security_policy()}; };
  }
  made.log = note;
  return made;
}

void serve(const Options& options) {
  catch_interrupts();
  EngineShape wanted;
  wanted.context = options.context;
  wanted.slots = options.parallel;
  wanted.cache_type = options.cache_type;
  std::vector<ModelToServe> models = open_models(options.models, options.aliases, wanted);
  server::ServedModels served;
  for (const ModelToServe& one : models) served.push_back(one.model);

  // The loader comes after the server that it may stop, and before the thread that runs it.
  std::unique_ptr<ServeLoader> loader;
  std::mutex loader_mutex;
  server::ServerOptions made = server_options(options);
  made.read_card = [&]() -> std::optional<server::CardReading> {
    const std::lock_guard lock(loader_mutex);
    return loader ? loader->read_card() : std::nullopt;
  };
  warn_if_open(options, !made.access.keys.empty());
  server::Server server(std::move(made), std::move(served));
  note("listening at " + address_text(options.host, server.port()));

  LoaderOptions loading;
  loading.card = options.card;
  loading.queue = options.queue;
  loading.context_shift = options.context_shift;
  {
    const std::lock_guard lock(loader_mutex);
    loader = std::make_unique<ServeLoader>(std::move(models), loading, [&] { server.stop(); });
  }
  {
    const SignalWatch watch(server);
    server.run();
  }
  const std::string failure = loader->failure();
  loader.reset();
  if (!failure.empty()) throw LlmError(ErrorCode::device, failure);
  note("stopped");
}

void add_network_options(CLI::App& verb, Options& options) {
  verb.add_option("--host", options.host, "The address to listen at (default 127.0.0.1)")
      ->envname("REDBOLT_HOST")
      ->type_name("ADDRESS")
      ->group("Network");
  verb.add_option("--port", options.port, "The port to listen at; 0: any (default 11435)")
      ->envname("REDBOLT_PORT")
      ->type_name("N")
      ->group("Network");
  verb.add_option("--api-key-file", options.key_file,
                  "Ask for one of the keys in this file, one a line; $REDBOLT_API_KEY is one more")
      ->envname("REDBOLT_API_KEY_FILE")
      ->type_name("FILE")
      ->group("Network");
  verb.add_option("--allow-host", options.hosts,
                  "Answer for this name in the Host header too; '*': for any")
      ->envname("REDBOLT_ALLOW_HOST")
      ->allow_extra_args(false)
      ->type_name("NAME")
      ->group("Network");
  verb.add_option("--cors-origin", options.origins,
                  "Let web pages of this origin use the server; '*': of any")
      ->envname("REDBOLT_CORS_ORIGIN")
      ->allow_extra_args(false)
      ->type_name("ORIGIN")
      ->group("Network");
  verb.add_flag("--ui", options.page, "Serve a web page at /")
      ->envname("REDBOLT_UI")
      ->group("Network");
}

void add_engine_options(CLI::App& verb, Options& options) {
  add_context_option(verb, options.context);
  add_cache_option(verb, options.cache_type);
  verb.add_option("--parallel", options.parallel,
                  "Answer so many requests at once, each with a context of its own (default 1)")
      ->envname("REDBOLT_PARALLEL")
      ->type_name("N")
      ->check(CLI::Range(1U, kMaximumSlots));
  verb.add_option("--queue", options.queue,
                  "So many requests may wait; what comes then gets 429 (default 64)")
      ->envname("REDBOLT_QUEUE")
      ->type_name("N")
      ->check(CLI::Range(0U, 100'000U));
  verb.add_flag("--context-shift", options.context_shift,
                "When a context is full, drop its oldest half and go on")
      ->envname("REDBOLT_CONTEXT_SHIFT");
}

}  // namespace

void add_serve(CLI::App& application) {
  const auto options = std::make_shared<Options>();
  auto* const verb = application.add_subcommand("serve", "Answer over HTTP");
  verb->footer(
      "\nOpenAI's API is at /v1, Ollama's at /api. docs/api.md lists what is supported. Requests "
      "are answered\n"
      "from the start: with 503 and how far it is while the model is being loaded. Several models "
      "lie on the\n"
      "card together and take turns on it; a request names the one it means. SIGINT and SIGTERM "
      "end "
      "it within\n"
      "5 seconds.");
  verb->add_option("-m,--model,--models,MODEL", options->models,
                   "The model: a GGUF file, of a split one the first part, or a name that is "
                   "found; several may be given")
      ->envname("REDBOLT_MODEL")
      ->type_name("MODEL")
      ->required();
  verb->add_option("--alias", options->aliases,
                   "What clients call the model; of several models once for each, in their order")
      ->envname("REDBOLT_ALIAS")
      ->allow_extra_args(false)
      ->delimiter(',')
      ->type_name("NAME");
  add_engine_options(*verb, *options);
  add_network_options(*verb, *options);
  add_device_options(*verb, options->card);
  verb->callback([options] { serve(*options); });
}

}  // namespace redbolt::llm::cli
