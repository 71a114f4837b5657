// An answer as people see it: text as it is, thoughts dim and apart from it, or not at all.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "redbolt/llm/output/answer_parser.hpp"

namespace redbolt::llm::cli {

struct PrinterStyle {
  bool terminal = false;  // escape sequences of the text are taken out
  bool dim = false;       // thoughts are dimmed by escape sequences
  bool thoughts = true;   // are shown
};

// The style for a terminal, or for a file, that standard output is.
PrinterStyle output_style();

class AnswerPrinter {
 public:
  using Write = std::function<void(std::string_view)>;

  AnswerPrinter(Write write, const PrinterStyle& style) : write_(std::move(write)), style_(style) {}

  void show(std::span<const AnswerEvent> events);
  // Ends what is dim; the answer is over.
  void finish();

 private:
  void thoughts(std::string_view text);
  void text(std::string_view text);
  void put(std::string_view text);

  Write write_;
  PrinterStyle style_;
  bool in_thoughts_ = false;
};

}  // namespace redbolt::llm::cli
