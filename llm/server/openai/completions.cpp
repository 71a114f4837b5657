// POST /v1/completions: text goes on, without a chat format.
#include "server/openai/completion_request.hpp"
#include "server/openai/handlers.hpp"
#include "server/openai/reply.hpp"
#include "server/openai/stream.hpp"

namespace redbolt::llm::server::openai {

namespace asio = boost::asio;

namespace {

struct Job {
  Prepared prepared;
  Streaming streaming;
  std::string echo;
};

Job make_job(const std::string& body, const ServedModels& models, const Limits& limits) {
  CompletionRequest request = read_completion_request(parse_body(body, limits), limits);
  Job job;
  job.streaming = request.streaming;
  if (request.echo) job.echo = std::get<std::string>(request.task.prompt);
  job.prepared = prepare(std::move(request.task), models);
  return job;
}

const std::string& text_of(const Piece& piece) {
  return std::get<ContentText>(piece.event).text;
}

// In this API's own form: parallel arrays, offsets in bytes of the text returned.
Json logprobs_of(const std::vector<ScoredToken>& tokens, std::size_t offset) {
  if (tokens.empty()) return nullptr;
  Json json = {{"tokens", Json::array()},
               {"token_logprobs", Json::array()},
               {"top_logprobs", Json::array()},
               {"text_offset", Json::array()}};
  for (const ScoredToken& token : tokens) {
    json["tokens"].push_back(token.bytes);
    json["token_logprobs"].push_back(token.logprob);
    Json top = Json::object();
    for (const ScoredToken& other : token.alternatives) top[other.bytes] = other.logprob;
    json["top_logprobs"].push_back(std::move(top));
    json["text_offset"].push_back(offset);
    offset += token.bytes.size();
  }
  return json;
}

Json choice(std::uint32_t index, const std::string& text, Json logprobs, Json finish) {
  return {{"index", index},
          {"text", text},
          {"logprobs", std::move(logprobs)},
          {"finish_reason", std::move(finish)}};
}

Json completion(const ReplyHead& head, const Answers& answers,
                const std::vector<std::vector<Piece>>& pieces, const std::string& echo) {
  Json json = envelope(head, "text_completion");
  json["choices"] = Json::array();
  for (std::uint32_t i = 0; i < answers.size(); ++i) {
    std::string text = echo;
    std::vector<ScoredToken> tokens;
    for (const Piece& piece : pieces[i]) {
      text += text_of(piece);
      tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
    }
    json["choices"].push_back(
        choice(i, text, logprobs_of(tokens, echo.size()), finish_reason(answers[i].finish())));
  }
  json["usage"] = usage_of(answers);
  json["timings"] = timings_of(answers);
  return json;
}

class TextChunks final : public StreamWriter {
 public:
  TextChunks(ReplyHead head, bool include_usage, std::string echo)
      : head_(std::move(head)), include_usage_(include_usage), echo_(std::move(echo)) {}

  std::string begin(std::uint32_t answer) const override {
    return echo_.empty() ? std::string() : event(chunk(choice(answer, echo_, nullptr, nullptr)));
  }
  std::string piece(std::uint32_t answer, const Piece& piece) const override {
    return event(chunk(choice(answer, text_of(piece), logprobs_of(piece.tokens, 0), nullptr)));
  }
  std::string finish(std::uint32_t answer, const Answers& answers) const override {
    Json json = chunk(choice(answer, "", nullptr, finish_reason(answers[answer].finish())));
    if (!include_usage_ && answers.ended()) json["timings"] = timings_of(answers);
    return event(json);
  }
  std::string last(const Answers& answers) const override {
    if (!include_usage_) return {};
    Json json = envelope(head_, "text_completion");
    json["choices"] = Json::array();
    json["usage"] = usage_of(answers);
    json["timings"] = timings_of(answers);
    return event(json);
  }

 private:
  Json chunk(Json one_choice) const {
    Json json = envelope(head_, "text_completion");
    json["choices"] = Json::array({std::move(one_choice)});
    if (include_usage_) json["usage"] = nullptr;
    return json;
  }

  ReplyHead head_;
  bool include_usage_;
  std::string echo_;
};

}  // namespace

asio::awaitable<void> completions(Service& service, const HttpRequest& request,
                                  Exchange& exchange) {
  const std::function<Job()> make = [body = request.body, models = service.models,
                                     limits = service.limits] {
    return make_job(body, models, limits);
  };
  Job job = co_await run_aside<Job>(service, exchange, make);
  const auto prepared = std::make_shared<const Prepared>(std::move(job.prepared));
  const ReplyHead head = make_head("cmpl-", *prepared->model, service.version);
  Answers answers(prepared, service.limits, exchange);
  if (job.streaming.stream) {
    const TextChunks writer(head, job.streaming.include_usage, job.echo);
    co_await stream_answers(exchange, answers, writer);
  } else {
    const auto pieces = co_await collect_all(answers);
    HttpResponse response;
    response.body = to_text(completion(head, answers, pieces, job.echo));
    co_await exchange.respond(std::move(response));
  }
  exchange.remark(remark_of(answers));
}

}  // namespace redbolt::llm::server::openai
