// A conversation with a model: what was said, how answers are drawn, and the next turn. Knows
// nothing of terminals; one thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/answer.hpp"
#include "cli/answer_printer.hpp"
#include "cli/answer_settings.hpp"
#include "redbolt/llm/chat/format.hpp"
#include "redbolt/llm/engine/token_engine.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::llm::cli {

// The model that is talked to; all must outlive the session.
struct ChatModel {
  const Tokenizer& tokenizer;
  const ChatFormat& format;
  TokenEngine& engine;
  std::string name;           // as it was asked for
  std::string description;    // for /show info
  std::string chat_template;  // the file's; may be empty
};

// Where answers and remarks go, and how one is told to stop.
struct ChatOutlet {
  AnswerPrinter::Write write;  // the answer's text
  PrinterStyle style;
  std::function<void(const std::string&)> note;  // a line about it
  std::function<bool()> stop_wanted;
};

struct ChatOptions {
  AnswerSettings settings = {};
  std::string system = {};
  bool context_shift = false;  // when the context is full, the oldest turns go
  bool verbose = false;        // say how fast it was
};

class ChatSession {
 public:
  ChatSession(ChatModel model, ChatOutlet outlet, ChatOptions options);

  // A turn: the user's text, and the model's answer. What goes wrong with this turn alone is said,
  // and the turn forgotten; throws LlmError when the card or the daemon has failed.
  void say(const std::string& text);

  // Forgets what was said, but not the system message.
  void clear() { messages_.clear(); }

  const ChatModel& model() const { return model_; }
  ChatOptions& options() { return options_; }
  std::vector<Message>& messages() { return messages_; }
  void note(const std::string& line) const { outlet_.note(line); }
  void write(const std::string& text) const { outlet_.write(text); }

 private:
  Conversation conversation() const;
  // The prompt's tokens; fewer turns where they would not fit and may be dropped. Throws
  // LlmError{context_exceeded}.
  std::vector<TokenId> fitting_prompt(std::vector<TextSegment>& segments);
  bool drop_oldest_turn();
  void answer_turn();
  void note_end(const Answer& answer) const;

  ChatModel model_;
  ChatOutlet outlet_;
  ChatOptions options_;
  std::vector<Message> messages_;
};

}  // namespace redbolt::llm::cli
