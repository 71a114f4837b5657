#include "cli/answer.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "cli/token_stream.hpp"
#include "redbolt/llm/output/answer_decoder.hpp"
#include "redbolt/llm/output/stop_strings.hpp"

namespace redbolt::llm::cli {
namespace {

constexpr std::chrono::milliseconds kLook{50};

// Text as it is decoded, to what is printed and kept.
class Reader {
 public:
  Reader(const AnswerRequest& request, AnswerPrinter& printer, Answer& answer)
      : stops_(request.stops), printer_(printer), answer_(answer) {
    if (!request.format) return;
    AnswerOptions options;
    options.format = *request.format;
    options.starts_in_thinking = request.starts_in_thinking;
    parser_.emplace(std::move(options));
  }

  void push(const std::string& text) { pass_on(stops_.push(text)); }
  void finish() {
    pass_on(stops_.finish());
    if (parser_) take(parser_->finish());
    printer_.finish();
  }
  bool met_stop() const { return stops_.matched().has_value(); }

 private:
  void pass_on(std::string text) {
    if (text.empty()) return;
    if (parser_) return take(parser_->push(text));
    take({ContentText{std::move(text)}});
  }

  void take(const std::vector<AnswerEvent>& events) {
    for (const AnswerEvent& event : events) {
      if (const auto* const text = std::get_if<ReasoningText>(&event))
        answer_.reasoning += text->text;
      if (const auto* const text = std::get_if<ContentText>(&event)) answer_.content += text->text;
    }
    printer_.show(events);
  }

  StopStringFilter stops_;
  std::optional<AnswerParser> parser_;
  AnswerPrinter& printer_;
  Answer& answer_;
};

// Ends the request whatever happens to the one who waits for it.
class RunningRequest {
 public:
  RunningRequest(TokenEngine& engine, TokenRequestId id) : engine_(engine), id_(id) {}
  RunningRequest(const RunningRequest&) = delete;
  RunningRequest& operator=(const RunningRequest&) = delete;
  ~RunningRequest() { cancel(); }
  void cancel() { engine_.cancel(id_); }

 private:
  TokenEngine& engine_;
  TokenRequestId id_;
};

}  // namespace

Answer answer(AnswerRequest request, TokenEngine& engine, const Tokenizer& tokenizer,
              AnswerPrinter& printer, const std::function<bool()>& stop_wanted) {
  Answer result;
  Reader reader(request, printer, result);
  AnswerDecoder decoder(tokenizer);
  const std::vector<TokenId> ends = request.tokens.stop_tokens;
  const auto stream = std::make_shared<TokenStream>();
  RunningRequest running(engine, engine.submit(std::move(request.tokens), stream));
  while (true) {
    const auto token = stream->take(kLook);
    const bool over = result.stopped || reader.met_stop();
    if (token && !over && std::ranges::find(ends, *token) == ends.end())
      reader.push(decoder.push(*token));
    if (!over && (reader.met_stop() || (result.stopped = stop_wanted()))) running.cancel();
    if (token) continue;
    if (const auto end = stream->end()) {
      result.end = *end;
      break;
    }
  }
  result.met_stop_string = reader.met_stop();
  if (!result.met_stop_string) reader.push(decoder.finish());
  reader.finish();
  if (result.end.reason == EndReason::failed) {
    throw result.end.error.value_or(LlmError(ErrorCode::device, "the answer was broken off"));
  }
  return result;
}

}  // namespace redbolt::llm::cli
