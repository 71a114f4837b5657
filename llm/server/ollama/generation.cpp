// POST /api/chat, POST /api/generate: one JSON object a line, or one alone.
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>

#include "server/generation/answers.hpp"
#include "server/ollama/errors.hpp"
#include "server/ollama/handlers.hpp"
#include "server/ollama/requests.hpp"
#include "server/ollama/time.hpp"
#include "server/openai/chat_reply.hpp"

namespace redbolt::llm::server::ollama {

namespace asio = boost::asio;

namespace {

// The two endpoints differ in where an answer's text stands.
class Writer {
 public:
  Writer(std::string model, bool chat) : model_(std::move(model)), chat_(chat) {}

  Json line(const openai::WholeMessage& message, bool done) const {
    Json json = {{"model", model_}, {"created_at", timestamp(std::chrono::system_clock::now())}};
    Json said = {{"role", "assistant"}, {"content", message.content}};
    if (!message.reasoning.empty()) said["thinking"] = message.reasoning;
    for (const auto& call : message.calls) said["tool_calls"].push_back(call_json(call));
    if (chat_) {
      json["message"] = std::move(said);
    } else {
      json["response"] = message.content;
      if (said.contains("thinking")) json["thinking"] = said["thinking"];
    }
    json["done"] = done;
    return json;
  }

  Json last(const openai::WholeMessage& message, const Answers& answers,
            Clock::time_point since) const {
    Json json = line(message, true);
    const EndReport& report = answers[0].report();
    json["done_reason"] = answers[0].finish() == Finish::length ? "length" : "stop";
    json["total_duration"] = nanoseconds(Clock::now() - since);
    json["load_duration"] = nanoseconds(report.queued);
    json["prompt_eval_count"] = answers.prompt_tokens();
    json["prompt_eval_duration"] = nanoseconds(report.prompt_time);
    json["eval_count"] = answers.generated_tokens();
    json["eval_duration"] = nanoseconds(report.decode_time);
    return json;
  }

  Json loaded() const {
    Json json = line({}, true);
    json["done_reason"] = "load";
    return json;
  }

 private:
  static Json call_json(const openai::WholeMessage::Call& call) {
    Json arguments = Json::parse(call.arguments, nullptr, false);
    if (arguments.is_discarded()) arguments = Json::object();
    return {{"function", {{"name", call.name}, {"arguments", std::move(arguments)}}}};
  }

  static std::int64_t nanoseconds(std::chrono::duration<double> time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  }

  std::string model_;
  bool chat_;
};

std::string as_line(const Json& json) {
  return to_text(json) + "\n";
}

// Calls are told whole: their pieces wait here.
class CallCollector {
 public:
  std::string lines(const std::vector<Piece>& pieces, const Writer& writer) {
    std::string text;
    for (const Piece& piece : pieces) {
      const bool in_call = std::holds_alternative<ToolCallBegin>(piece.event) ||
                           std::holds_alternative<ToolCallArguments>(piece.event);
      open_call_.push_back(piece);
      if (in_call) continue;
      const auto message = openai::put_together(std::exchange(open_call_, {}));
      text += as_line(writer.line(message, false));
    }
    return text;
  }

 private:
  std::vector<Piece> open_call_;
};

asio::awaitable<void> stream(Exchange& exchange, Answers& answers, const Writer& writer,
                             Clock::time_point since) {
  HttpResponse head;
  head.content_type = "application/x-ndjson";
  co_await exchange.begin(std::move(head));
  CallCollector calls;
  std::optional<ApiError> failure;
  try {
    while (!answers.ended()) {
      const std::vector<Batch> batches = co_await answers.next();
      std::string lines;
      for (const Batch& batch : batches) lines += calls.lines(batch.pieces, writer);
      co_await exchange.write(lines);
    }
  } catch (const ApiError& error) {
    failure = error;
  }
  const Json last = failure ? error_body(*failure) : writer.last({}, answers, since);
  co_await exchange.write(as_line(last));
  co_await exchange.end();
}

struct Job {
  std::optional<Prepared> prepared;  // nothing: the model is there, and that was all
  std::string model;
  bool stream;
};

using Read = Request (*)(const Json&, const Limits&);

Job make_job(Read read, const std::string& body, const ServedModels& models, const Limits& limits) {
  Request request = read(parse_body(body, limits), limits);
  Job job{std::nullopt, request.model(), request.stream};
  if (request.load_only) {
    find_model(models, job.model)->parts();
  } else {
    job.prepared =
        std::visit([&](auto& task) { return prepare(std::move(task), models); }, request.task);
  }
  return job;
}

asio::awaitable<void> respond(Exchange& exchange, Json json) {
  HttpResponse response;
  response.body = to_text(json);
  co_await exchange.respond(std::move(response));
}

asio::awaitable<void> answer(Service& service, const HttpRequest& request, Exchange& exchange,
                             Read read, bool chat) {
  const auto since = Clock::now();
  const std::function<Job()> make = [read, body = request.body, models = service.models,
                                     limits = service.limits] {
    return make_job(read, body, models, limits);
  };
  Job job = co_await run_aside<Job>(service, exchange, make);
  const Writer writer(job.model, chat);
  if (!job.prepared) {
    co_await respond(exchange, writer.loaded());
    co_return;
  }
  const auto prepared = std::make_shared<const Prepared>(std::move(*job.prepared));
  Answers answers({prepared}, service.limits, exchange);
  if (job.stream) {
    co_await stream(exchange, answers, writer, since);
  } else {
    const auto pieces = co_await collect_all(answers);
    co_await respond(exchange, writer.last(openai::put_together(pieces[0]), answers, since));
  }
  exchange.remark(openai::remark_of(answers));
}

}  // namespace

asio::awaitable<void> chat(Service& service, const HttpRequest& request, Exchange& exchange) {
  return answer(service, request, exchange, read_chat, true);
}

asio::awaitable<void> generate(Service& service, const HttpRequest& request, Exchange& exchange) {
  return answer(service, request, exchange, read_generate, false);
}

}  // namespace redbolt::llm::server::ollama
