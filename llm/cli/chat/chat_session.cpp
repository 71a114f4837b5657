#include "cli/chat/chat_session.hpp"

#include <algorithm>
#include <utility>

#include "cli/speed_text.hpp"
#include "cli/usage_error.hpp"
#include "redbolt/llm/chat/kept_tokens.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm::cli {
namespace {

// Whether the session can go on after it.
bool concerns_one_turn(ErrorCode code) {
  return code != ErrorCode::device && code != ErrorCode::daemon && code != ErrorCode::io;
}

}  // namespace

ChatSession::ChatSession(ChatModel model, ChatOutlet outlet, ChatOptions options)
    : model_(std::move(model)), outlet_(std::move(outlet)), options_(std::move(options)) {}

void ChatSession::say(const std::string& text) {
  messages_.push_back({Role::user, text, {}, {}});
  try {
    answer_turn();
  } catch (const LlmError& error) {
    if (!concerns_one_turn(error.code())) throw;
    messages_.pop_back();
    note(error.what());
  } catch (const UsageError& error) {
    messages_.pop_back();
    note(error.what());
  }
}

Conversation ChatSession::conversation() const {
  Conversation conversation;
  if (!options_.system.empty())
    conversation.messages.push_back({Role::system, options_.system, {}, {}});
  conversation.messages.insert(conversation.messages.end(), messages_.begin(), messages_.end());
  conversation.thinking = options_.settings.thinking;
  return conversation;
}

bool ChatSession::drop_oldest_turn() {
  const auto is_user = [](const Message& message) { return message.role == Role::user; };
  if (messages_.empty()) return false;
  const auto next = std::find_if(messages_.begin() + 1, messages_.end(), is_user);
  if (next == messages_.end()) return false;  // what was said just now stays
  messages_.erase(messages_.begin(), next);
  return true;
}

std::vector<TokenId> ChatSession::fitting_prompt(std::vector<TextSegment>& segments) {
  const std::size_t context = model_.engine.context();
  const std::uint32_t limit = options_.settings.limit;
  // Dropping a turn makes room for a good part of an answer, so that not every turn drops one.
  const std::size_t room = std::min<std::size_t>(limit != 0 ? limit : context / 4, context / 2);
  std::size_t dropped = 0;
  while (true) {
    segments = model_.format.prompt(conversation());
    std::vector<TokenId> tokens = encode_prompt(model_.tokenizer, segments);
    const bool fits = tokens.size() < context;
    if (fits &&
        (!options_.context_shift || tokens.size() + room <= context || !drop_oldest_turn())) {
      if (dropped != 0)
        note("(the context is full: the oldest " + std::to_string(dropped) +
             " turns are forgotten)");
      return tokens;
    }
    if (!fits && !(options_.context_shift && drop_oldest_turn())) {
      throw LlmError(ErrorCode::context_exceeded,
                     "the conversation has " + std::to_string(tokens.size()) +
                         " tokens and the context " + std::to_string(context) +
                         " positions: /clear starts anew, --ctx gives a larger one, and with "
                         "--context-shift the oldest turns go");
    }
    ++dropped;
  }
}

void ChatSession::answer_turn() {
  std::vector<TextSegment> segments;
  AnswerRequest request;
  request.tokens.prompt = fitting_prompt(segments);
  request.tokens.sampling = sampling_for(options_.settings, model_.tokenizer);
  request.tokens.limit = options_.settings.limit;
  if (options_.context_shift) {
    request.tokens.keep_tokens =
        kept_tokens(model_.format, model_.tokenizer, conversation(), request.tokens.prompt);
  }
  request.tokens.stop_tokens = model_.tokenizer.vocabulary().end_tokens();
  request.stops = options_.settings.stops;
  request.format = model_.format.traits().answer;
  request.starts_in_thinking = ends_in_thought(segments, model_.format.traits());
  PrinterStyle style = outlet_.style;
  if (options_.settings.hide_thinking) style.thoughts = false;
  AnswerPrinter printer(outlet_.write, style);
  Answer said =
      answer(std::move(request), model_.engine, model_.tokenizer, printer, outlet_.stop_wanted);
  outlet_.write("\n");
  note_end(said);
  if (said.stopped && said.content.empty() && said.reasoning.empty()) {
    messages_.pop_back();  // as if it had not been asked
    return;
  }
  messages_.push_back({Role::assistant, std::move(said.content), std::move(said.reasoning), {}});
}

void ChatSession::note_end(const Answer& answer) const {
  if (answer.end.reason == EndReason::context) {
    note("(the context is full: the answer stops here; /clear starts anew)");
  } else if (answer.end.reason == EndReason::limit && !answer.met_stop_string) {
    note("(stopped after " + std::to_string(answer.end.generated_tokens) + " tokens)");
  }
  if (options_.verbose) note(std::string("(").append(speed_text(answer.end)).append(")"));
}

}  // namespace redbolt::llm::cli
