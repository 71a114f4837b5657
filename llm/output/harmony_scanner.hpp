// Answers in GPT-OSS's "harmony" format: messages in channels. What is said in "analysis" is
// thought, what is said in "final" or, to nobody in particular, in "commentary" is text, and a
// message to one of the tools offered is a call. Anything else, such as a message to a tool that
// was not offered, is text with its header. Several messages of a kind have an empty line between
// them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "output/answer_sink.hpp"
#include "output/harmony_header.hpp"
#include "output/json_call.hpp"
#include "output/parameter_types.hpp"
#include "redbolt/llm/output/answer_parser.hpp"

namespace redbolt::llm {

class HarmonyScanner final : public AnswerScanner {
 public:
  HarmonyScanner(const AnswerOptions& options, AnswerSink& sink);

  void feed(char byte) override;
  void finish() override;
  bool in_thinking() const override { return where_ == Where::reasoning; }

 private:
  enum class Where { start, reasoning, content, call, between };

  void feed_call(char byte);
  void begin_message();
  bool begin_call(std::string_view recipient);
  void begin_content();
  void break_call();
  void take(char byte);
  void add_reasoning(std::string_view text);
  void add_content(std::string_view text);

  ParameterTypes types_;
  AnswerSink& sink_;
  bool calls_or_text_;
  std::uint32_t calls_left_;
  Where where_;
  std::string held_;         // what may be the end of a message and the next one's header
  bool as_written_ = false;  // the message is text with its header and its end
  bool any_reasoning_ = false, any_content_ = false;
  bool next_reasoning_ = false, next_content_ = false;  // another message of the kind has begun
  ArgumentsReader arguments_;
  std::string unsent_;  // of the call, since the last piece of arguments
};

}  // namespace redbolt::llm
