#include "output/function_call.hpp"

#include <algorithm>
#include <utility>

namespace redbolt::llm {
namespace {

constexpr std::string_view kParameter = "<parameter=";
constexpr std::string_view kParameterEnd = "</parameter>";
constexpr std::string_view kFunctionEnd = "</function>";
constexpr std::size_t kMaximumName = 256;
constexpr std::size_t kMaximumSpace = 64;  // between two tags

enum class Fit { no, partly, parameter, function };

// Whether a text is the beginning of either tag, or is one.
Fit fit_next_tag(std::string_view text) {
  if (text == kParameter) return Fit::parameter;
  if (text == kFunctionEnd) return Fit::function;
  const bool begins = kParameter.starts_with(text) || kFunctionEnd.starts_with(text);
  return begins ? Fit::partly : Fit::no;
}

// The same for what ends a value: a line break, the closing tag, white space, the next tag.
Fit fit_value_end(std::string_view text) {
  if (text.starts_with('\n')) text.remove_prefix(1);
  if (kParameterEnd.starts_with(text)) return Fit::partly;
  if (!text.starts_with(kParameterEnd)) return Fit::no;
  text.remove_prefix(kParameterEnd.size());
  const auto tag = std::ranges::find_if_not(text, is_json_space);
  const auto space = static_cast<std::size_t>(tag - text.begin());
  return space > kMaximumSpace ? Fit::no : fit_next_tag(text.substr(space));
}

bool may_be_in_name(char byte) {
  return byte != '<' && byte != '\n';
}

}  // namespace

ScanStep FunctionCallReader::feed(char byte, CallSink& sink) {
  switch (expect_) {
    case Expect::name:
      return feed_name(byte, sink);
    case Expect::tag:
      return feed_tag(byte, sink);
    case Expect::key:
      return feed_key(byte, sink);
    case Expect::value:
      return feed_value(byte, sink);
    case Expect::finished:
      break;
  }
  return ScanStep::rejected;
}

ScanStep FunctionCallReader::feed_name(char byte, CallSink& sink) {
  if (byte == '>') {
    if (!sink.begin(name_)) return ScanStep::rejected;
    unsent_.clear();
    expect_ = Expect::tag;
    return ScanStep::more;
  }
  if (!may_be_in_name(byte) || name_.size() == kMaximumName) return ScanStep::rejected;
  name_ += byte;
  unsent_ += byte;
  return ScanStep::more;
}

ScanStep FunctionCallReader::feed_tag(char byte, CallSink& sink) {
  if (held_.empty() && is_json_space(byte)) {
    unsent_ += byte;
    return ScanStep::more;
  }
  held_ += byte;
  const Fit fit = fit_next_tag(held_);
  if (fit == Fit::no) return ScanStep::rejected;
  unsent_ += byte;
  if (fit == Fit::partly) return ScanStep::more;
  held_.clear();
  if (fit == Fit::function) return end_call(sink);
  key_.clear();
  expect_ = Expect::key;
  return ScanStep::more;
}

ScanStep FunctionCallReader::feed_key(char byte, CallSink& sink) {
  if (byte != '>') {
    if (!may_be_in_name(byte) || key_.size() == kMaximumName) return ScanStep::rejected;
    key_ += byte;
    unsent_ += byte;
    return ScanStep::more;
  }
  kinds_ = types_.kinds(name_, key_);
  out_ = any_ ? ", \"" : "{\"";
  for (const char letter : key_) append_json_escaped(out_, letter);
  out_ += kinds_.only_string() ? "\": \"" : "\": ";
  sink.arguments(out_);
  unsent_.clear();
  value_.clear();
  any_ = true;
  value_begun_ = false;
  expect_ = Expect::value;
  return ScanStep::more;
}

ScanStep FunctionCallReader::feed_value(char byte, CallSink& sink) {
  if (!std::exchange(value_begun_, true) && byte == '\n') {
    // The line break before the value; it is also the one after it where the value is empty.
    return ScanStep::more;
  }
  out_.clear();
  held_ += byte;
  Fit fit = fit_value_end(held_);
  while (fit == Fit::no) {
    add_to_value(held_.front());
    held_.erase(0, 1);
    fit = held_.empty() ? Fit::partly : fit_value_end(held_);
  }
  if (!out_.empty()) sink.arguments(out_);
  return fit == Fit::partly ? ScanStep::more : end_value(fit == Fit::parameter, sink);
}

std::string FunctionCallReader::unsent() const {
  if (expect_ != Expect::value) return unsent_;
  return kinds_.only_string() ? held_ : value_ + held_;
}

void FunctionCallReader::add_to_value(char byte) {
  if (kinds_.only_string()) {
    append_json_escaped(out_, byte);
  } else {
    value_ += byte;
  }
}

ScanStep FunctionCallReader::end_value(bool another, CallSink& sink) {
  held_.clear();
  unsent_.clear();
  sink.arguments(kinds_.only_string() ? "\"" : bare_value_to_json(value_, kinds_));
  if (!another) return end_call(sink);
  key_.clear();
  expect_ = Expect::key;
  return ScanStep::more;
}

ScanStep FunctionCallReader::end_call(CallSink& sink) {
  unsent_.clear();
  sink.arguments(any_ ? "}" : "{}");
  expect_ = Expect::finished;
  return ScanStep::done;
}

}  // namespace redbolt::llm
