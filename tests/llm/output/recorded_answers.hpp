// The answers in tests/data/answers, and what a parser made of one, joined, to be compared with
// them.
#pragma once

#include <string>
#include <vector>

#include "redbolt/llm/output/answer_parser.hpp"

namespace redbolt::test {

// One call: its arguments' text, and what it must be.
struct RecordedCall {
  std::string name;
  std::string arguments;  // JSON; of a call that is not whole, the text itself
  bool complete = true;
};

struct RecordedAnswer {
  std::string name;  // "qwen3: two calls"
  std::string text;
  llm::AnswerOptions options;
  std::string reasoning, content;
  std::vector<RecordedCall> calls;
};

std::vector<RecordedAnswer> recorded_answers();

// Events with neighbours joined. Problems: what no sequence of events may have, such as arguments
// of a call that has not begun.
struct JoinedAnswer {
  // In channels thoughts may come between text and calls.
  explicit JoinedAnswer(bool in_channels = false) : in_channels_(in_channels) {}

  std::string reasoning, content;
  std::vector<RecordedCall> calls;
  std::vector<std::string> problems;

  void add(const std::vector<llm::AnswerEvent>& events);

 private:
  bool in_channels_;
  bool open_ = false;
};

// The text in pieces that end at these positions.
JoinedAnswer parse_in_pieces(const llm::AnswerOptions& options, std::string_view text,
                             const std::vector<std::size_t>& cuts);

}  // namespace redbolt::test
