#include "output/harmony_scanner.hpp"

#include <utility>

namespace redbolt::llm {
namespace {

constexpr std::string_view kFunctions = "functions.";
constexpr std::string_view kBetweenMessages = "\n\n";

}  // namespace

HarmonyScanner::HarmonyScanner(const AnswerOptions& options, AnswerSink& sink)
    : types_(options.tools),
      sink_(sink),
      calls_or_text_(options.calls_or_text),
      calls_left_(options.most_calls),
      where_(options.starts_in_thinking ? Where::reasoning : Where::start) {}

void HarmonyScanner::feed(char byte) {
  // What a call quotes is the call's, and what a document quotes is the document's.
  if (where_ == Where::call) return feed_call(byte);
  if (where_ == Where::content && calls_or_text_) return take(byte);
  held_ += byte;
  while (!held_.empty()) {
    const HarmonyHeader header = read_harmony_header(held_, where_ == Where::start);
    if (header.fit == HarmonyHeader::Fit::partly) return;
    if (header.fit == HarmonyHeader::Fit::whole) return begin_message();
    const char front = held_.front();
    held_.erase(0, 1);
    take(front);
  }
}

// The header is in held_.
void HarmonyScanner::begin_message() {
  const std::string text = std::exchange(held_, {});
  const HarmonyHeader header = read_harmony_header(text, where_ == Where::start);
  if (as_written_) add_content(std::string_view(text).substr(0, header.end_mark));
  as_written_ = !header.recipient.empty();
  if (as_written_ && begin_call(header.recipient)) {
    as_written_ = false;
  } else if (header.channel == HarmonyChannel::analysis && !as_written_) {
    where_ = Where::reasoning;
    next_reasoning_ = any_reasoning_;
  } else {
    begin_content();
    if (as_written_) add_content(std::string_view(text).substr(header.end_mark));
  }
}

void HarmonyScanner::begin_content() {
  where_ = Where::content;
  next_content_ = any_content_;
}

bool HarmonyScanner::begin_call(std::string_view recipient) {
  if (recipient.starts_with(kFunctions)) recipient.remove_prefix(kFunctions.size());
  if (calls_left_ == 0 || !types_.has_tool(recipient)) return false;
  --calls_left_;
  sink_.call_begin(recipient);
  where_ = Where::call;
  arguments_ = {};
  unsent_.clear();
  return true;
}

void HarmonyScanner::feed_call(char byte) {
  std::string out;
  const ScanStep step = arguments_.feed(byte, out);
  if (step == ScanStep::rejected) {
    break_call();
    return feed(byte);
  }
  unsent_ += byte;
  if (!out.empty()) {
    sink_.call_arguments(out);
    unsent_.clear();
  }
  if (step != ScanStep::done) return;
  sink_.call_end(true);
  where_ = Where::between;
}

void HarmonyScanner::break_call() {
  sink_.call_end(false);
  begin_content();
  add_content(std::exchange(unsent_, {}));
}

void HarmonyScanner::take(char byte) {
  if (where_ == Where::reasoning) return add_reasoning({&byte, 1});
  if (where_ == Where::between) {
    if (is_json_space(byte)) return;
    begin_content();
  }
  where_ = Where::content;
  add_content({&byte, 1});
}

void HarmonyScanner::add_reasoning(std::string_view text) {
  if (text.empty()) return;
  if (std::exchange(next_reasoning_, false)) sink_.reasoning(kBetweenMessages);
  any_reasoning_ = true;
  sink_.reasoning(text);
}

void HarmonyScanner::add_content(std::string_view text) {
  if (text.empty()) return;
  if (std::exchange(next_content_, false)) sink_.content(kBetweenMessages);
  any_content_ = true;
  sink_.content(text);
}

void HarmonyScanner::finish() {
  if (where_ == Where::call) break_call();
  std::string rest = std::exchange(held_, {});
  const HarmonyHeader header = read_harmony_header(rest, where_ == Where::start);
  const bool at_start =
      where_ == Where::start && (rest.starts_with("<|start|>") || rest.starts_with("<|channel|>"));
  if (header.end_mark > 0 || at_start) {
    // A header that the answer's end cuts off says nothing, unless it names a recipient.
    const bool says_nothing = header.recipient.empty();
    if (says_nothing) rest.resize(header.end_mark);
    if (!as_written_) rest.erase(0, header.end_mark);
    if (!says_nothing && !as_written_) begin_content();
  }
  for (const char byte : rest) take(byte);
}

}  // namespace redbolt::llm
