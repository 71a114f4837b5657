#include "output/separated_call.hpp"

namespace redbolt::llm {
namespace {

constexpr std::string_view kFunction = "function";
constexpr std::string_view kFence = "```json";
constexpr std::string_view kBareFence = "```";
constexpr std::size_t kMaximumName = 256;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_json_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_json_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

ScanStep SeparatedCallReader::feed(char byte, CallSink& sink) {
  switch (expect_) {
    case Expect::head:
      return feed_head(byte);
    case Expect::after_separator:
      return feed_after_separator(byte, sink);
    case Expect::name_line:
      return feed_name_line(byte, sink);
    case Expect::fence:
      return feed_fence(byte, sink);
    case Expect::arguments:
      break;
  }
  return arguments_.feed(byte, sink);
}

// What stands before the separator: the name, or "function".
ScanStep SeparatedCallReader::feed_head(char byte) {
  separator_ += byte;
  while (!separator_.empty() && !kCallSeparator.starts_with(separator_)) {
    const char front = separator_.front();
    separator_.erase(0, 1);
    if (front == '<' || front == '\n' || head_.size() == kMaximumName) return ScanStep::rejected;
    head_ += front;
  }
  if (separator_ == kCallSeparator) expect_ = Expect::after_separator;
  return ScanStep::more;
}

ScanStep SeparatedCallReader::feed_after_separator(char byte, CallSink& sink) {
  if (is_json_space(byte)) return ScanStep::more;
  if (byte == '{') {
    const ScanStep step = begin(trimmed(head_), sink);
    expect_ = Expect::arguments;
    return step == ScanStep::rejected ? step : arguments_.feed(byte, sink);
  }
  if (trimmed(head_) != kFunction) return ScanStep::rejected;
  expect_ = Expect::name_line;
  return feed_name_line(byte, sink);
}

ScanStep SeparatedCallReader::feed_name_line(char byte, CallSink& sink) {
  if (byte == '\n') {
    expect_ = Expect::fence;
    return begin(trimmed(name_), sink);
  }
  if (byte == '<' || name_.size() == kMaximumName) return ScanStep::rejected;
  name_ += byte;
  return ScanStep::more;
}

// "```json" or "```", or nothing.
ScanStep SeparatedCallReader::feed_fence(char byte, CallSink& sink) {
  if (byte == '{' && (fence_.empty() || fence_ == kFence || fence_ == kBareFence)) {
    expect_ = Expect::arguments;
    return arguments_.feed(byte, sink);
  }
  if (!is_json_space(byte)) {
    fence_ += byte;
    if (!kFence.starts_with(fence_)) return ScanStep::rejected;
  }
  arguments_.keep(byte);
  return ScanStep::more;
}

ScanStep SeparatedCallReader::begin(std::string_view name, CallSink& sink) {
  return sink.begin(name) ? ScanStep::more : ScanStep::rejected;
}

}  // namespace redbolt::llm
