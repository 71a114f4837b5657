#include "server/openai/stream.hpp"

#include <optional>

#include "server/openai/errors.hpp"
#include "server/openai/reply.hpp"

namespace redbolt::llm::server::openai {

namespace asio = boost::asio;

namespace {

HttpResponse stream_head() {
  HttpResponse head;
  head.content_type = "text/event-stream";
  head.headers = {{"Cache-Control", "no-cache"},
                  // Proxies of the nginx family would collect events otherwise.
                  {"X-Accel-Buffering", "no"}};
  return head;
}

// Comments are for connections that would be taken for dead otherwise.
std::string ping(const Answers& answers) {
  const PromptProgress progress = answers[0].prompt_progress();
  if (progress.of == 0) return ": ping\n\n";
  return ": ping, prompt " + std::to_string(progress.done) + " of " + std::to_string(progress.of) +
         "\n\n";
}

std::string events_of(const std::vector<Batch>& batches, const Answers& answers,
                      StreamWriter& writer) {
  std::string events;
  for (const Batch& batch : batches) {
    for (const Piece& piece : batch.pieces) events += writer.piece(batch.answer, piece);
    if (batch.ended) events += writer.finish(batch.answer, answers);
  }
  return events;
}

}  // namespace

asio::awaitable<void> stream_answers(Exchange& exchange, Answers& answers, StreamWriter& writer) {
  co_await exchange.begin(stream_head());
  std::string events;
  for (std::uint32_t i = 0; i < answers.size(); ++i) events += writer.begin(i);
  co_await exchange.write(events);
  std::optional<ApiError> failure;
  try {
    while (!answers.ended()) {
      const std::vector<Batch> batches = co_await answers.next();
      events = batches.empty() ? ping(answers) : events_of(batches, answers, writer);
      co_await exchange.write(events);
    }
  } catch (const ApiError& error) {
    failure = error;
  }
  if (failure) {
    co_await exchange.write(event(error_body(*failure)));
  } else {
    co_await exchange.write(writer.last(answers) + "data: [DONE]\n\n");
  }
  co_await exchange.end();
}

}  // namespace redbolt::llm::server::openai
