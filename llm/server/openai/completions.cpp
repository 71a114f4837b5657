// POST /v1/completions: text goes on, without a chat format.
#include <algorithm>

#include "server/openai/completion_request.hpp"
#include "server/openai/handlers.hpp"
#include "server/openai/reply.hpp"
#include "server/openai/stream.hpp"

namespace redbolt::llm::server::openai {

namespace asio = boost::asio;

namespace {

// What stands in front of each answer's text.
using Echoes = std::vector<std::string>;

struct Job {
  Prompts prompts;
  Streaming streaming;
  Echoes echoes;  // one for each answer
};

Job make_job(const std::string& body, const ServedModels& models, const Limits& limits) {
  CompletionRequest request = read_completion_request(parse_body(body, limits), limits);
  Job job;
  job.streaming = request.streaming;
  for (std::size_t i = 0; i < request.prompts.size(); ++i) {
    const std::string echo = request.echo ? std::get<std::string>(request.prompts[i]) : "";
    job.echoes.insert(job.echoes.end(), request.task.wishes.answers, echo);
    TextTask task = request.task;
    task.prompt = std::move(request.prompts[i]);
    if (request.prompts.size() > 1) {
      task.prompt_field += std::string("[") + std::to_string(i) + "]";
    }
    job.prompts.push_back(std::make_shared<const Prepared>(prepare(std::move(task), models)));
  }
  return job;
}

const std::string& text_of(const Piece& piece) {
  return std::get<ContentText>(piece.event).text;
}

// Of UTF-8, also of pieces that begin or end within a character.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// In this API's own form: parallel arrays, offsets in characters of the text returned.
Json logprobs_of(const std::vector<ScoredToken>& tokens, std::size_t& offset) {
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
    offset += characters(token.bytes);
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
                const std::vector<std::vector<Piece>>& pieces, const Echoes& echoes) {
  Json json = envelope(head, "text_completion");
  json["choices"] = Json::array();
  for (std::uint32_t i = 0; i < answers.size(); ++i) {
    std::string text = echoes[i];
    std::size_t offset = characters(text);
    std::vector<ScoredToken> tokens;
    for (const Piece& piece : pieces[i]) {
      text += text_of(piece);
      tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
    }
    json["choices"].push_back(
        choice(i, text, logprobs_of(tokens, offset), finish_reason(answers[i].finish())));
  }
  json["usage"] = usage_of(answers);
  json["timings"] = timings_of(answers);
  return json;
}

class TextChunks final : public StreamWriter {
 public:
  TextChunks(ReplyHead head, bool include_usage, Echoes echoes)
      : head_(std::move(head)), include_usage_(include_usage), echoes_(std::move(echoes)) {
    for (const std::string& echo : echoes_) offsets_.push_back(characters(echo));
  }

  std::string begin(std::uint32_t answer) const override {
    const std::string& echo = echoes_[answer];
    return echo.empty() ? std::string() : event(chunk(choice(answer, echo, nullptr, nullptr)));
  }
  std::string piece(std::uint32_t answer, const Piece& piece) override {
    Json logprobs = logprobs_of(piece.tokens, offsets_[answer]);
    return event(chunk(choice(answer, text_of(piece), std::move(logprobs), nullptr)));
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
  Echoes echoes_;
  std::vector<std::size_t> offsets_;  // of each answer's next token
};

}  // namespace

asio::awaitable<void> completions(Service& service, const HttpRequest& request,
                                  Exchange& exchange) {
  const std::function<Job()> make = [body = request.body, models = service.models,
                                     limits = service.limits] {
    return make_job(body, models, limits);
  };
  Job job = co_await run_aside<Job>(service, exchange, make);
  const ReplyHead head = make_head("cmpl-", *job.prompts.front()->model, service.version);
  Answers answers(job.prompts, service.limits, exchange);
  if (job.streaming.stream) {
    TextChunks writer(head, job.streaming.include_usage, job.echoes);
    co_await stream_answers(exchange, answers, writer);
  } else {
    const auto pieces = co_await collect_all(answers);
    HttpResponse response;
    response.body = to_text(completion(head, answers, pieces, job.echoes));
    co_await exchange.respond(std::move(response));
  }
  exchange.remark(remark_of(answers));
}

}  // namespace redbolt::llm::server::openai
