// Where what is found in an answer goes, and what finds it.
#pragma once

#include <string_view>

namespace redbolt::llm {

// Thoughts, text and calls, in the order of the answer.
class AnswerSink {
 public:
  AnswerSink() = default;
  AnswerSink(const AnswerSink&) = delete;
  AnswerSink& operator=(const AnswerSink&) = delete;
  virtual ~AnswerSink() = default;

  virtual void reasoning(std::string_view text) = 0;
  virtual void content(std::string_view text) = 0;
  virtual void call_begin(std::string_view name) = 0;
  virtual void call_arguments(std::string_view text) = 0;
  virtual void call_end(bool complete) = 0;
};

// Takes a whole answer apart, byte by byte.
class AnswerScanner {
 public:
  AnswerScanner() = default;
  AnswerScanner(const AnswerScanner&) = delete;
  AnswerScanner& operator=(const AnswerScanner&) = delete;
  virtual ~AnswerScanner() = default;

  virtual void feed(char byte) = 0;
  virtual void finish() = 0;
  virtual bool in_thinking() const = 0;
};

}  // namespace redbolt::llm
