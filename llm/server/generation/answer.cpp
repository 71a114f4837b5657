#include "server/generation/answer.hpp"

#include <algorithm>
#include <random>

#include "server/generation/engine_errors.hpp"
#include "server/http/exchange.hpp"

namespace redbolt::llm::server {
namespace {

std::uint64_t draw_seed() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

TokenRequest make_request(const Prepared& prepared, std::uint32_t index) {
  const Wishes& wishes = prepared.wishes;
  TokenRequest request;
  request.prompt = prepared.prompt;
  request.sampling = wishes.sampling;
  // Several answers with the same seed would be the same answer.
  request.sampling.seed = wishes.seed ? *wishes.seed + index : draw_seed();
  request.limit = wishes.limit;
  request.keep_tokens = prepared.keep_tokens;
  request.stop_tokens = prepared.stop_tokens;
  request.top_logprobs = wishes.top_logprobs;
  if (prepared.make_constraint) request.constraint = prepared.make_constraint();
  return request;
}

}  // namespace

Answer::Answer(const Prepared& prepared, std::uint32_t index, std::size_t unread_tokens,
               std::function<void()> wake)
    : prepared_(prepared),
      engine_(*prepared.parts->engine),
      tokenizer_(*prepared.parts->tokenizer),
      decoder_(tokenizer_),
      stops_(prepared.wishes.stops),
      queue_(std::make_shared<TokenQueue>(unread_tokens, std::move(wake))) {
  if (prepared.reading) parser_.emplace(*prepared.reading);
  try {
    id_ = engine_.submit(make_request(prepared, index), queue_);
  } catch (const LlmError& error) {
    throw to_api_error(error, prepared.prompt_field);
  }
}

Answer::~Answer() {
  queue_->detach();
  if (!report_) engine_.cancel(id_);
}

std::vector<Piece> Answer::take() {
  std::vector<Piece> pieces;
  const TokenQueue::Arrived arrived = queue_->take();
  if (arrived.overflow) throw ClientGone();
  progress_ = arrived.progress;
  for (const GeneratedToken& token : arrived.tokens) {
    if (!stopped_early_) read(token, pieces);
  }
  if (arrived.end) end(*arrived.end, pieces);
  return pieces;
}

Finish Answer::finish() const {
  const bool cut = !stopped_early_ && report_ &&
                   (report_->reason == EndReason::limit || report_->reason == EndReason::context);
  if (cut) return Finish::length;
  return complete_calls_ > 0 ? Finish::tool_calls : Finish::stop;
}

void Answer::read(const GeneratedToken& token, std::vector<Piece>& pieces) {
  ++tokens_;
  if (std::ranges::find(prepared_.stop_tokens, token.token) != prepared_.stop_tokens.end()) return;
  if (token.logprob) {
    ScoredToken own = scored({token.token, *token.logprob});
    for (const TokenLogprob& other : token.alternatives) own.alternatives.push_back(scored(other));
    unplaced_.push_back(std::move(own));
  }
  if (parser_ && parser_->in_thinking()) ++reasoning_tokens_;
  read_text(stops_.push(decoder_.push(token.token)), pieces);
  if (stops_.matched()) stop_early();
}

void Answer::read_text(const std::string& text, std::vector<Piece>& pieces) {
  if (text.empty()) return;
  if (!parser_) {
    add_content(text, pieces);
    return;
  }
  for (AnswerEvent& event : parser_->push(text)) add(std::move(event), pieces);
}

void Answer::read_rest(std::vector<Piece>& pieces) {
  std::string rest = stops_.push(decoder_.finish());
  read_text(rest + stops_.finish(), pieces);
  if (!parser_) return;
  for (AnswerEvent& event : parser_->finish()) add(std::move(event), pieces);
}

void Answer::add(AnswerEvent event, std::vector<Piece>& pieces) {
  if (stopped_early_ && prepared_.one_call_only && complete_calls_ > 0) return;
  if (auto* const content = std::get_if<ContentText>(&event)) {
    add_content(std::move(content->text), pieces);
    return;
  }
  if (auto* const thought = std::get_if<ReasoningText>(&event)) {
    add_thought(std::move(thought->text), pieces);
    return;
  }
  close_thought(pieces);
  unplaced_.clear();
  const auto* const call_end = std::get_if<ToolCallEnd>(&event);
  pieces.push_back({std::move(event), {}});
  if (call_end == nullptr) return;
  if (std::get<ToolCallEnd>(pieces.back().event).complete) {
    ++complete_calls_;
    if (prepared_.one_call_only) stop_early();
  }
}

void Answer::add_content(std::string text, std::vector<Piece>& pieces) {
  close_thought(pieces);
  if (text.empty()) return;
  pieces.push_back({ContentText{std::move(text)}, std::exchange(unplaced_, {})});
}

void Answer::add_thought(std::string text, std::vector<Piece>& pieces) {
  if (prepared_.thoughts == ThoughtsTo::content) {
    std::string opening;
    if (!thought_open_) opening = std::string(prepared_.thinking.open) + "\n";
    thought_open_ = true;
    pieces.push_back({ContentText{opening + text}, std::exchange(unplaced_, {})});
    return;
  }
  unplaced_.clear();
  if (prepared_.thoughts == ThoughtsTo::nowhere || text.empty()) return;
  pieces.push_back({ReasoningText{std::move(text)}, {}});
}

void Answer::close_thought(std::vector<Piece>& pieces) {
  if (!thought_open_) return;
  thought_open_ = false;
  std::string closing("\n");
  closing.append(prepared_.thinking.close).append("\n\n");
  pieces.push_back({ContentText{std::move(closing)}, {}});
}

void Answer::stop_early() {
  if (stopped_early_) return;
  stopped_early_ = true;
  engine_.cancel(id_);
}

void Answer::end(const EndReport& report, std::vector<Piece>& pieces) {
  report_ = report;
  if (report.reason == EndReason::failed) {
    throw to_api_error(report.error.value_or(LlmError(ErrorCode::device, "generation failed")),
                       prepared_.prompt_field);
  }
  if (report.reason == EndReason::cancelled && !stopped_early_) {
    throw server_stopping();
  }
  read_rest(pieces);
}

ScoredToken Answer::scored(const TokenLogprob& token) const {
  std::string bytes = tokenizer_.bytes(token.token);
  const Vocabulary& vocabulary = tokenizer_.vocabulary();
  // A control token adds nothing to the text, but has a name.
  if (bytes.empty() && token.token < vocabulary.size()) bytes = vocabulary.text(token.token);
  return {std::move(bytes), token.logprob, {}};
}

}  // namespace redbolt::llm::server
