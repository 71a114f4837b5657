// POST /tokenize, POST /detokenize
#include "redbolt/llm/tokenizer/streaming_decoder.hpp"
#include "server/api_error.hpp"
#include "server/json/fields.hpp"
#include "server/llama/handlers.hpp"
#include "support/utf8.hpp"

namespace redbolt::llm::server::llama {

namespace asio = boost::asio;

namespace {

// A control token adds nothing to a text, but has a name.
std::string name_or_bytes(const Tokenizer& tokenizer, TokenId id) {
  std::string bytes = tokenizer.bytes(id);
  return bytes.empty() ? std::string(tokenizer.vocabulary().text(id)) : bytes;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Prefix next = utf8_prefix(text);
    if (next.kind != Utf8Prefix::Kind::character) return false;
    text.remove_prefix(next.length);
  }
  return true;
}

// As llama-server has it: a text, or the bytes where they are none.
Json piece_json(const std::string& bytes) {
  if (is_utf8(bytes)) return bytes;
  Json list = Json::array();
  for (const char c : bytes) list.push_back(static_cast<unsigned char>(c));
  return list;
}

Json tokenize_body(const std::string& text, const ServedModels& models, const Limits& limits) {
  const Json body = parse_body(text, limits);
  const Fields fields(body);
  const auto model = find_model(models, fields.text("model").value_or(""));
  const auto parts = model->parts();
  const Tokenizer& tokenizer = *parts->tokenizer;
  const bool special = fields.flag("parse_special").value_or(true);
  const bool pieces = fields.flag("with_pieces").value_or(false);
  const bool leading = fields.flag("add_special").value_or(false);
  auto ids = tokenizer.encode(fields.required_text("content"),
                              special ? SpecialTokens::all : SpecialTokens::none);
  if (const auto first = tokenizer.leading_token(); leading && first)
    ids.insert(ids.begin(), *first);
  Json tokens = Json::array();
  for (const TokenId id : ids) {
    if (pieces) {
      tokens.push_back({{"id", id}, {"piece", piece_json(name_or_bytes(tokenizer, id))}});
    } else {
      tokens.push_back(id);
    }
  }
  return {{"tokens", std::move(tokens)}};
}

Json detokenize_body(const std::string& text, const ServedModels& models, const Limits& limits) {
  const Json body = parse_body(text, limits);
  const Fields fields(body);
  const auto model = find_model(models, fields.text("model").value_or(""));
  const auto parts = model->parts();
  const Tokenizer& tokenizer = *parts->tokenizer;
  StreamingDecoder decoder(tokenizer);
  std::string content;
  const bool there = fields.each("tokens", [&](const Json& element, const std::string& path) {
    if (!element.is_number_unsigned() || element.get<std::uint64_t>() > UINT32_MAX) {
      throw invalid_type(path, "a token's number", kind_of(element));
    }
    const auto id = element.get<TokenId>();
    if (id >= tokenizer.vocabulary().size()) {
      throw invalid_value(path, "the model has no token " + std::to_string(id));
    }
    content += decoder.push(id);
    if (tokenizer.bytes(id).empty()) content += tokenizer.vocabulary().text(id);
  });
  if (!there) throw missing_field("tokens");
  return {{"content", content + decoder.finish()}};
}

using MakeBody = Json (*)(const std::string&, const ServedModels&, const Limits&);

asio::awaitable<void> answer_aside(Service& service, const HttpRequest& request, Exchange& exchange,
                                   MakeBody make) {
  const std::function<std::string()> job = [make, body = request.body, models = service.models,
                                            limits = service.limits] {
    return to_text(make(body, models, limits));
  };
  HttpResponse response;
  response.body = co_await run_aside<std::string>(service, exchange, job);
  co_await exchange.respond(std::move(response));
}

}  // namespace

asio::awaitable<void> tokenize(Service& service, const HttpRequest& request, Exchange& exchange) {
  return answer_aside(service, request, exchange, tokenize_body);
}

asio::awaitable<void> detokenize(Service& service, const HttpRequest& request, Exchange& exchange) {
  return answer_aside(service, request, exchange, detokenize_body);
}

}  // namespace redbolt::llm::server::llama
