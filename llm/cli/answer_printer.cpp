#include "cli/answer_printer.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>

namespace redbolt::llm::cli {
namespace {

constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kNormal = "\x1b[22m";

// What a model says must not steer the terminal.
std::string harmless(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 ? byte != 0x7F : c == '\n' || c == '\t') result += c;
  }
  return result;
}

}  // namespace

PrinterStyle output_style() {
  const char* const terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  PrinterStyle style;
  style.terminal = isatty(STDOUT_FILENO) == 1;
  style.dim = style.terminal && !dumb && std::getenv("NO_COLOR") == nullptr;
  style.thoughts = style.terminal;
  return style;
}

void AnswerPrinter::show(std::span<const AnswerEvent> events) {
  for (const AnswerEvent& event : events) {
    if (const auto* const reasoning = std::get_if<ReasoningText>(&event)) thoughts(reasoning->text);
    if (const auto* const content = std::get_if<ContentText>(&event)) text(content->text);
  }
}

void AnswerPrinter::finish() {
  if (std::exchange(in_thoughts_, false)) write_(style_.dim ? std::string(kNormal) + "\n" : "\n");
}

void AnswerPrinter::thoughts(std::string_view text) {
  if (!style_.thoughts || text.empty()) return;
  if (!std::exchange(in_thoughts_, true) && style_.dim) write_(kDim);
  put(text);
}

void AnswerPrinter::text(std::string_view text) {
  if (text.empty()) return;
  if (in_thoughts_) {
    finish();
    write_("\n");
  }
  put(text);
}

void AnswerPrinter::put(std::string_view text) {
  write_(style_.terminal ? harmless(text) : std::string(text));
}

}  // namespace redbolt::llm::cli
