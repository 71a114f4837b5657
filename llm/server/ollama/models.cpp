// GET /api/version, GET /api/tags, GET /api/ps, POST /api/show
#include <array>
#include <cstdio>

#include "server/json/fields.hpp"
#include "server/ollama/handlers.hpp"
#include "server/ollama/time.hpp"

namespace redbolt::llm::server::ollama {

namespace asio = boost::asio;

namespace {

// The version of Ollama whose API this is. Clients ask for one: VS Code's Copilot wants 0.6.4, and
// switches on what a version has, such as "think" (0.9.0, with words for how much 0.11.0).
constexpr const char* kOllamaVersion = "0.11.0";

// Clients cut pieces from it to show and compare; it is of what is known of the file, not of its
// content.
std::string digest(const ServedModel& model) {
  const ModelFacts& facts = model.facts();
  const std::string subject =
      model.id() + "\n" + std::to_string(facts.bytes) + "\n" + std::to_string(facts.modified);
  std::string text;
  for (std::uint64_t part = 0; part < 4; ++part) {
    std::uint64_t hash = 0xcbf29ce484222325U + part;  // FNV-1a
    for (const char c : subject) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    std::array<char, 17> digits{};
    std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash));
    text += digits.data();
  }
  return text;
}

// "4.2M", "7.6B"
std::string count_text(std::uint64_t count) {
  constexpr std::array<char, 3> units = {'K', 'M', 'B'};
  double value = static_cast<double>(count) / 1000;
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < units.size(); ++unit) value /= 1000;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f%c", value, units[unit]);
  return text.data();
}

Json details(const ServedModel& model) {
  const ModelFacts& facts = model.facts();
  return {{"parent_model", ""},
          {"format", "gguf"},
          {"family", facts.architecture},
          {"families", {facts.architecture}},
          {"parameter_size", count_text(facts.parameters)},
          {"quantization_level", facts.quantization}};
}

std::string modified(const ServedModel& model) {
  return timestamp(
      std::chrono::system_clock::time_point(std::chrono::seconds(model.facts().modified)));
}

Json entry(const ServedModel& model) {
  return {
      {"name", model.id()},          {"model", model.id()},     {"modified_at", modified(model)},
      {"size", model.facts().bytes}, {"digest", digest(model)}, {"details", details(model)}};
}

Json capabilities(const ServedModel& model) {
  Json list = {"completion"};
  const auto parts = model.parts_if_ready();
  if (!parts || !parts->format) return list;
  if (parts->format->traits().renders_tools) list.push_back("tools");
  if (parts->format->traits().thinks) list.push_back("thinking");
  return list;
}

asio::awaitable<void> respond(Exchange& exchange, Json json) {
  HttpResponse response;
  response.body = to_text(json);
  co_await exchange.respond(std::move(response));
}

}  // namespace

asio::awaitable<void> version(Service& service, const HttpRequest&, Exchange& exchange) {
  return respond(exchange, {{"version", kOllamaVersion}, {"redbolt", service.version}});
}

asio::awaitable<void> tags(Service& service, const HttpRequest&, Exchange& exchange) {
  Json json = {{"models", Json::array()}};
  for (const auto& model : service.models) json["models"].push_back(entry(*model));
  return respond(exchange, std::move(json));
}

asio::awaitable<void> running(Service& service, const HttpRequest&, Exchange& exchange) {
  Json json = {{"models", Json::array()}};
  for (const auto& model : service.models) {
    const auto parts = model->parts_if_ready();
    if (!parts) continue;
    Json one = entry(*model);
    one["size_vram"] = model->facts().bytes;
    one["context_length"] = parts->engine->context();
    // As long as the server runs.
    one["expires_at"] = timestamp(std::chrono::system_clock::now() + std::chrono::hours(24 * 365));
    json["models"].push_back(std::move(one));
  }
  return respond(exchange, std::move(json));
}

asio::awaitable<void> show(Service& service, const HttpRequest& request, Exchange& exchange) {
  const Json body = parse_body(request.body, service.limits);
  const Fields fields(body);
  const auto name = fields.text("model");
  const auto model = find_model(service.models, name ? *name : fields.text("name").value_or(""));
  const ModelFacts& facts = model->facts();
  Json info = {{"general.architecture", facts.architecture},
               {"general.name", facts.name},
               {"general.parameter_count", facts.parameters}};
  // What a client may send: it asks for no more than it is told here.
  const auto parts = model->parts_if_ready();
  info[facts.architecture + ".context_length"] =
      parts ? parts->engine->context() : facts.trained_context;
  return respond(exchange, {{"modelfile", ""},
                            {"parameters", ""},
                            {"template", facts.chat_template},
                            {"details", details(*model)},
                            {"model_info", std::move(info)},
                            {"capabilities", capabilities(*model)},
                            {"modified_at", modified(*model)}});
}

}  // namespace redbolt::llm::server::ollama
