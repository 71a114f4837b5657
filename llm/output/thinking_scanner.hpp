// Parts thoughts from text at the beginning of an answer.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/llm/output/answer_format.hpp"

namespace redbolt::llm {

class ThinkingScanner {
 public:
  ThinkingScanner(const AnswerFormat& format, bool starts_in_thinking);

  // Appends what the byte settles to either; a byte never settles some of both.
  void feed(char byte, std::string& reasoning, std::string& text);
  void finish(std::string& reasoning, std::string& text);

  bool in_thinking() const { return where_ == Where::thinking; }
  // Thoughts have ended: white space before the text is to be dropped.
  bool thought() const { return thought_; }

 private:
  enum class Where { before, thinking, text };

  void feed_before(char byte, std::string& text);
  void feed_thinking(char byte, std::string& reasoning);
  void tag_in_thoughts(std::string_view tag, std::string& reasoning);
  void add_thought(char byte, std::string& reasoning);

  std::vector<ThinkingTags> candidates_;
  ThinkingTags tags_;
  Where where_;
  bool thought_ = false;
  std::string held_;   // what may be a tag, with the white space in front of it before thoughts
  std::string space_;  // white space that may end the thoughts
  bool any_ = false;   // thoughts have begun
  bool line_start_ = true;
  unsigned depth_ = 1;  // of thoughts within thoughts
};

}  // namespace redbolt::llm
