#include "output/exact_call.hpp"

#include "nlohmann/json.hpp"

namespace redbolt::llm {

ScanStep ExactCallReader::feed(char byte, CallSink& sink) {
  switch (expect_) {
    case Expect::open:
      return feed_fixed(byte, kExactCallOpen, Expect::quote);
    case Expect::quote:
      return feed_fixed(byte, "\"", Expect::name);
    case Expect::name:
      return feed_name(byte);
    case Expect::keyword:
      return feed_fixed(byte, kExactCallArguments, Expect::arguments);
    case Expect::arguments:
      return feed_arguments(byte, sink);
    case Expect::close:
      break;
  }
  return byte == kExactCallClose.front() ? ScanStep::done : ScanStep::rejected;
}

ScanStep ExactCallReader::feed_fixed(char byte, std::string_view text, Expect then) {
  if (byte != text[matched_]) return ScanStep::rejected;
  if (++matched_ < text.size()) return ScanStep::more;
  matched_ = 0;
  expect_ = then;
  return ScanStep::more;
}

ScanStep ExactCallReader::feed_name(char byte) {
  written_ += byte;
  const ScanStep step = string_.feed(byte, name_);
  if (step != ScanStep::done) return step;
  constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
  const std::string shortest = nlohmann::json(name_).dump(-1, ' ', false, kReplace);
  expect_ = Expect::keyword;
  return std::string_view(shortest).substr(1) == written_ ? ScanStep::more : ScanStep::rejected;
}

ScanStep ExactCallReader::feed_arguments(char byte, CallSink& sink) {
  if (!announced_) {
    if (byte != '{' || !sink.begin(name_)) return ScanStep::rejected;
    announced_ = true;
  }
  std::string out;
  const ScanStep step = scanner_.feed(byte, out);
  if (step == ScanStep::rejected) return step;
  unsent_ += byte;
  if (!out.empty()) {
    sink.arguments(out);
    unsent_.clear();
  }
  if (step == ScanStep::done) {
    arguments_done_ = true;
    expect_ = Expect::close;
  }
  return ScanStep::more;
}

}  // namespace redbolt::llm
