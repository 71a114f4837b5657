// GET /metrics
#include <chrono>
#include <functional>
#include <vector>

#include "server/llama/handlers.hpp"

namespace redbolt::llm::server::llama {

namespace asio = boost::asio;

namespace {

struct EngineFigures {
  std::string label;
  EngineStatus status;
};

// A figure of an engine and what it is called.
struct EngineMetric {
  const char* name;
  const char* type;
  const char* help;
  double (*of)(const EngineStatus& status);
};

double busy_slots(const EngineStatus& status) {
  double busy = 0;
  for (const SlotStatus& slot : status.slots) busy += slot.request ? 1 : 0;
  return busy;
}

double held_tokens(const EngineStatus& status) {
  double held = 0;
  for (const SlotStatus& slot : status.slots) held += slot.held_tokens;
  return held;
}

constexpr EngineMetric kEngineMetrics[] = {
    {"redbolt_requests_total", "counter", "Requests that the engine has taken",
     [](const EngineStatus& s) { return static_cast<double>(s.requests); }},
    {"redbolt_prompt_tokens_total", "counter", "Tokens of prompts, cached ones included",
     [](const EngineStatus& s) { return static_cast<double>(s.prompt_tokens); }},
    {"redbolt_cached_tokens_total", "counter", "Tokens of prompts that a slot still held",
     [](const EngineStatus& s) { return static_cast<double>(s.cached_tokens); }},
    {"redbolt_generated_tokens_total", "counter", "Tokens generated",
     [](const EngineStatus& s) { return static_cast<double>(s.generated_tokens); }},
    {"redbolt_decode_steps_total", "counter", "Decode steps, each for all busy slots",
     [](const EngineStatus& s) { return static_cast<double>(s.steps); }},
    {"redbolt_prompt_seconds_total", "counter", "Time spent on prompts",
     [](const EngineStatus& s) { return s.prompt_time.count(); }},
    {"redbolt_decode_seconds_total", "counter", "Time spent decoding",
     [](const EngineStatus& s) { return s.decode_time.count(); }},
    {"redbolt_requests_waiting", "gauge", "Requests without a slot",
     [](const EngineStatus& s) { return static_cast<double>(s.waiting); }},
    {"redbolt_slots", "gauge", "Slots",
     [](const EngineStatus& s) { return static_cast<double>(s.slots.size()); }},
    {"redbolt_slots_busy", "gauge", "Slots at work", busy_slots},
    {"redbolt_kv_cache_tokens", "gauge", "Positions of the KV cache that are filled", held_tokens},
};

void write_engines(const ServedModels& models, MetricsText& text) {
  std::vector<EngineFigures> engines;
  text.describe("redbolt_model_ready", "gauge", "1 when the model can answer");
  for (const auto& model : models) {
    const std::string label = metric_label("model", model->id());
    const auto parts = model->parts_if_ready();
    text.value("redbolt_model_ready", label, parts ? 1 : 0);
    if (parts) engines.push_back({label, parts->engine->status()});
  }
  for (const EngineMetric& metric : kEngineMetrics) {
    text.describe(metric.name, metric.type, metric.help);
    for (const EngineFigures& engine : engines) {
      text.value(metric.name, engine.label, metric.of(engine.status));
    }
  }
}

void write_http(const Metrics& counted, MetricsText& text) {
  text.describe("redbolt_http_requests_total", "counter", "HTTP requests answered");
  for (const auto& [key, count] : counted.by_route()) {
    text.value(
        "redbolt_http_requests_total",
        metric_label("route", key.first) + "," + metric_label("status", std::to_string(key.second)),
        static_cast<double>(count));
  }
  text.describe("redbolt_http_hangups_total", "counter", "Clients that hung up before the end");
  text.value("redbolt_http_hangups_total", "", static_cast<double>(counted.hang_ups()));
}

void write_card(const CardReading& card, MetricsText& text) {
  const std::string label = metric_label("device", card.device) + "," +
                            metric_label("emulated", card.emulated ? "true" : "false");
  const auto gauge = [&](std::string_view name, std::string_view help, double value) {
    text.describe(name, "gauge", help);
    text.value(name, label, value);
  };
  gauge("redbolt_vram_bytes", "Video memory of the card", static_cast<double>(card.vram_bytes));
  gauge("redbolt_vram_arena_bytes", "Of it, for models", static_cast<double>(card.arena_bytes));
  gauge("redbolt_vram_arena_free_bytes", "Of that, free",
        static_cast<double>(card.arena_free_bytes));
  if (card.temperature_celsius) {
    gauge("redbolt_temperature_celsius", "Of the card's edge", *card.temperature_celsius);
  }
}

}  // namespace

asio::awaitable<void> metrics(Service& service, const HttpRequest&, Exchange& exchange) {
  MetricsText text;
  write_http(service.metrics, text);
  write_engines(service.models, text);
  if (service.read_card) {
    const std::function<std::optional<CardReading>()> read = service.read_card;
    const auto card = co_await run_aside<std::optional<CardReading>>(service, exchange, read);
    if (card) write_card(*card, text);
  }
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = text.text();
  co_await exchange.respond(std::move(response));
}

}  // namespace redbolt::llm::server::llama
