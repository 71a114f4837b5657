// GET /v1/models, GET /v1/models/{id}, POST /v1/embeddings
#include "server/api_error.hpp"
#include "server/json/fields.hpp"
#include "server/models/model_state.hpp"
#include "server/openai/handlers.hpp"

namespace redbolt::llm::server::openai {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kModelsPath = "/v1/models/";

// OpenAI's four fields; llama-server's "meta"; and how far loading is.
Json model_json(const ServedModel& model) {
  const ModelFacts& facts = model.facts();
  Json json = {{"id", model.id()},
               {"object", "model"},
               {"created", facts.modified},
               {"owned_by", "redbolt"},
               {"aliases", model.aliases()},
               {"status", model_state(model)},
               {"meta",
                {{"n_ctx_train", facts.trained_context},
                 {"n_params", facts.parameters},
                 {"size", facts.bytes},
                 {"architecture", facts.architecture},
                 {"quantization", facts.quantization}}}};
  if (const auto parts = model.parts_if_ready()) json["meta"]["n_ctx"] = parts->engine->context();
  return json;
}

}  // namespace

asio::awaitable<void> list_models(Service& service, const HttpRequest&, Exchange& exchange) {
  Json json = {{"object", "list"}, {"data", Json::array()}};
  for (const auto& model : service.models) json["data"].push_back(model_json(*model));
  HttpResponse response;
  response.body = to_text(json);
  co_await exchange.respond(std::move(response));
}

asio::awaitable<void> show_model(Service& service, const HttpRequest& request, Exchange& exchange) {
  const auto model =
      find_model(service.models, std::string_view(request.path).substr(kModelsPath.size()));
  HttpResponse response;
  response.body = to_text(model_json(*model));
  co_await exchange.respond(std::move(response));
}

asio::awaitable<void> embeddings(Service& service, const HttpRequest& request, Exchange&) {
  const Json body = parse_body(request.body, service.limits);
  const auto model = find_model(service.models, Fields(body).text("model").value_or(""));
  throw unsupported("model", "The model '" + model->id() +
                                 "' generates text and has no embeddings. Embedding models are not "
                                 "supported by this server.");
  co_return;
}

}  // namespace redbolt::llm::server::openai
