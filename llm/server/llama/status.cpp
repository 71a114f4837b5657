// GET /health, GET /slots, GET /status
#include "server/api_error.hpp"
#include "server/json/body.hpp"
#include "server/llama/handlers.hpp"
#include "server/models/model_state.hpp"
#include "server/openai/errors.hpp"

namespace redbolt::llm::server::llama {

namespace asio = boost::asio;

namespace {

Json slot_json(const SlotStatus& slot, const ServedModel& model, std::uint32_t context) {
  return {{"id", slot.slot},
          {"model", model.id()},
          {"n_ctx", context},
          {"is_processing", slot.request.has_value()},
          {"n_prompt_tokens", slot.prompt_tokens},
          {"n_decoded", slot.generated_tokens},
          {"n_held", slot.held_tokens}};
}

Json card_json(const CardReading& card) {
  Json json = {{"device", {{"name", card.device}, {"emulated", card.emulated}}},
               {"arena",
                {{"bytes", card.arena_bytes},
                 {"used_bytes", card.arena_bytes - card.arena_free_bytes},
                 {"free_bytes", card.arena_free_bytes}}}};
  if (card.temperature_celsius) json["device"]["temperature_celsius"] = *card.temperature_celsius;
  return json;
}

}  // namespace

// As soon as every model can answer; until then 503 with how far the first that cannot is. Several
// models are told one by one.
asio::awaitable<void> health(Service& service, const HttpRequest&, Exchange& exchange) {
  HttpResponse response;
  Json body = {{"status", "ok"}};
  try {
    for (const auto& model : service.models) model->parts();
  } catch (const ApiError& error) {
    if (service.models.size() == 1) throw;
    response.status = error.status;
    if (error.retry_after)
      response.headers.emplace_back("Retry-After", std::to_string(error.retry_after->count()));
    body = openai::error_body(error);
  }
  if (service.models.size() > 1) {
    body["models"] = Json::array();
    for (const auto& model : service.models) {
      body["models"].push_back(
          {{"id", model->id()}, {"status", model_state(*model)}, {"progress", model->progress()}});
    }
  }
  response.body = to_text(body);
  co_await exchange.respond(std::move(response));
}

asio::awaitable<void> slots(Service& service, const HttpRequest&, Exchange& exchange) {
  Json json = Json::array();
  for (const auto& model : service.models) {
    const auto parts = model->parts_if_ready();
    if (!parts) continue;
    const TokenEngine& engine = *parts->engine;
    for (const SlotStatus& slot : engine.status().slots) {
      json.push_back(slot_json(slot, *model, engine.context()));
    }
  }
  HttpResponse response;
  response.body = to_text(json);
  co_await exchange.respond(std::move(response));
}

asio::awaitable<void> status(Service& service, const HttpRequest&, Exchange& exchange) {
  Json json = Json::object();
  if (service.read_card) {
    const std::function<std::optional<CardReading>()> read = service.read_card;
    const auto card = co_await run_aside<std::optional<CardReading>>(service, exchange, read);
    if (card) json = card_json(*card);
  }
  std::uint64_t generated = 0;
  double seconds = 0;
  std::uint32_t waiting = 0;
  for (const auto& model : service.models) {
    const auto parts = model->parts_if_ready();
    if (!parts) continue;
    const EngineStatus engine = parts->engine->status();
    generated += engine.generated_tokens;
    seconds += engine.decode_time.count();
    waiting += engine.waiting;
  }
  json["model"] = service.models.empty() ? Json(nullptr) : Json(service.models.front()->id());
  json["models"] = Json::array();
  for (const auto& model : service.models) json["models"].push_back(model->id());
  const auto speed = service.speed.look(generated, seconds);
  json["tokens_per_second"] = speed ? Json(*speed) : Json(nullptr);
  json["waiting"] = waiting;
  HttpResponse response;
  response.body = to_text(json);
  co_await exchange.respond(std::move(response));
}

}  // namespace redbolt::llm::server::llama
