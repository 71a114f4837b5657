// POST /v1/chat/completions
#include "server/openai/chat_reply.hpp"
#include "server/openai/chat_request.hpp"
#include "server/openai/handlers.hpp"

namespace redbolt::llm::server::openai {

namespace asio = boost::asio;

namespace {

struct Job {
  Prepared prepared;
  Streaming streaming;
};

Job make_job(const std::string& body, const ServedModels& models, const Limits& limits) {
  ChatRequest request = read_chat_request(parse_body(body, limits), limits);
  return {prepare(std::move(request.task), models), request.streaming};
}

}  // namespace

asio::awaitable<void> chat_completions(Service& service, const HttpRequest& request,
                                       Exchange& exchange) {
  const std::function<Job()> make = [body = request.body, models = service.models,
                                     limits = service.limits] {
    return make_job(body, models, limits);
  };
  Job job = co_await run_aside<Job>(service, exchange, make);
  const auto prepared = std::make_shared<const Prepared>(std::move(job.prepared));
  const ReplyHead head = make_head("chatcmpl-", *prepared->model, service.version);
  Answers answers({prepared}, service.limits, exchange);
  if (job.streaming.stream) {
    ChatChunks writer(head, job.streaming.include_usage);
    co_await stream_answers(exchange, answers, writer);
  } else {
    const auto pieces = co_await collect_all(answers);
    HttpResponse response;
    response.body = to_text(chat_completion(head, answers, pieces));
    co_await exchange.respond(std::move(response));
  }
  exchange.remark(remark_of(answers));
}

}  // namespace redbolt::llm::server::openai
