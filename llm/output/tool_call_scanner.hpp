// Finds the calls of tools in an answer's text and takes them apart as they arrive.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "output/answer_sink.hpp"
#include "output/call_reader.hpp"
#include "output/parameter_types.hpp"
#include "redbolt/llm/output/answer_parser.hpp"

namespace redbolt::llm {

struct CallSyntax;  // private: a row of the table of syntaxes
enum class CallReaderKind;

class ToolCallScanner final : private CallSink {
 public:
  // `sink` must outlive the scanner.
  // The options are only looked at.
  ToolCallScanner(const AnswerOptions& options, AnswerSink& sink);

  void feed(char byte);
  void finish();
  // The text follows thoughts: white space in front of it is dropped.
  void drop_leading_space() { drops_leading_space_ = true; }

 private:
  enum class Where {
    text,
    body,     // an opening tag was read; what follows decides what kind of call it is
    call,     // reader_ is at work
    between,  // after a call: its closing tags, another call, or text
  };

  bool begin(std::string_view name) override;
  void arguments(std::string_view text) override;

  void feed_text(char byte);
  void feed_body(char byte);
  void feed_call(char byte);
  void feed_between(char byte);
  bool is_opener(std::string_view text, bool whole) const;
  void start_reader(CallReaderKind kind, std::string_view lead, bool is_tag);
  bool fits_closer(std::string_view text);
  void end_call();
  void give_up();
  void emit_text(char byte);
  void release_space();

  const CallSyntax& syntax_;
  ParameterTypes types_;
  AnswerSink& sink_;
  Where where_ = Where::text;
  bool enabled_;
  bool calls_or_text_;
  std::uint32_t calls_left_;
  bool drops_leading_space_ = false;
  bool any_content_ = false, any_call_ = false;
  bool after_call_ = false;  // nothing but white space has come since
  bool announced_ = false;   // the current call's name was given out
  bool closed_ = false;      // the closing tag after which no other call follows was read
  std::size_t next_closer_ = 0;
  std::string space_;  // white space that has not been decided on
  std::string held_;   // what may be a tag
  std::string raw_;    // the current call from its opening tag on, until it is announced
  std::unique_ptr<CallReader> reader_;
};

}  // namespace redbolt::llm
