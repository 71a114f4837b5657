#include "output/json_call.hpp"

#include <algorithm>
#include <array>

namespace redbolt::llm {
namespace {

constexpr std::string_view kName = "name";
constexpr std::array<std::string_view, 2> kArguments = {"arguments", "parameters"};
constexpr std::array<std::string_view, 5> kFirstKeys = {"name", "arguments", "parameters", "type",
                                                        "id"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

}  // namespace

ScanStep ArgumentsReader::feed(char byte, std::string& out) {
  switch (form_) {
    case Form::object:
      return scanner_.feed(byte, out);
    case Form::encoded:
      return feed_encoded(byte, out);
    case Form::null: {
      std::string ignored;
      const ScanStep step = scanner_.feed(byte, ignored);
      if (step == ScanStep::done) out += "{}";
      return step;
    }
    case Form::unknown:
      break;
  }
  if (is_json_space(byte)) return ScanStep::more;
  if (byte == '"') {
    form_ = Form::encoded;
    return ScanStep::more;
  }
  if (byte != '{' && byte != 'n') return ScanStep::rejected;
  form_ = byte == '{' ? Form::object : Form::null;
  std::string ignored;
  return scanner_.feed(byte, byte == '{' ? out : ignored);
}

ScanStep ArgumentsReader::feed_encoded(char byte, std::string& out) {
  std::string decoded;
  const ScanStep step = decoder_.feed(byte, decoded);
  if (step == ScanStep::rejected || !feed_inner(decoded, out)) return ScanStep::rejected;
  if (step != ScanStep::done) return step;
  if (object_begun_ && !object_done_) return ScanStep::rejected;
  out += object_begun_ ? "}" : "{}";
  return ScanStep::done;
}

bool ArgumentsReader::feed_inner(std::string_view decoded, std::string& out) {
  for (const char byte : decoded) {
    if ((!object_begun_ || object_done_) && is_json_space(byte)) continue;
    if (object_done_ || (!object_begun_ && byte != '{')) return false;
    object_begun_ = true;
    const ScanStep step = scanner_.feed(byte, out);
    if (step == ScanStep::rejected) return false;
    object_done_ = step == ScanStep::done;
    // The last brace waits for the end of the string: without it the arguments are not whole.
    if (object_done_) out.pop_back();
  }
  return true;
}

ScanStep JsonCallReader::feed(char byte, CallSink& sink) {
  sent_ = false;
  const ScanStep result = step(byte, sink);
  if (sent_) {
    unsent_.clear();
  } else if (result != ScanStep::rejected) {
    unsent_ += byte;
  }
  return result;
}

ScanStep JsonCallReader::step(char byte, CallSink& sink) {
  switch (expect_) {
    case Expect::in_key:
      return feed_key(byte);
    case Expect::name:
      return feed_name(byte, sink);
    case Expect::arguments:
      return feed_arguments(byte, sink);
    case Expect::other:
      return feed_other(byte, sink);
    default:
      break;
  }
  if (is_json_space(byte)) return ScanStep::more;
  const auto expect_only = [&](char wanted, Expect then) {
    if (byte != wanted) return ScanStep::rejected;
    expect_ = then;
    return ScanStep::more;
  };
  switch (expect_) {
    case Expect::open:
      return expect_only('{', Expect::first_key);
    case Expect::first_key:
    case Expect::key:
      key_.clear();
      string_ = {};
      return expect_only('"', Expect::in_key);
    case Expect::colon:
      return expect_only(':', Expect::value);
    case Expect::value:
      return begin_value(byte, sink);
    default:
      return byte == '}' ? close(sink) : expect_only(',', Expect::key);
  }
}

ScanStep JsonCallReader::feed_key(char byte) {
  const ScanStep step = string_.feed(byte, key_);
  if (step != ScanStep::done) return step;
  if (first_ && strict_start_ && !contains(kFirstKeys, key_)) return ScanStep::rejected;
  first_ = false;
  expect_ = Expect::colon;
  return ScanStep::more;
}

ScanStep JsonCallReader::begin_value(char byte, CallSink& sink) {
  if (key_ == kName && !announced_) {
    if (byte != '"') return ScanStep::rejected;
    string_ = {};
    expect_ = Expect::name;
    return ScanStep::more;
  }
  if (contains(kArguments, key_) && !arguments_) {
    arguments_.emplace();
    expect_ = Expect::arguments;
    return feed_arguments(byte, sink);
  }
  other_ = {};
  expect_ = Expect::other;
  return feed_other(byte, sink);
}

ScanStep JsonCallReader::feed_name(char byte, CallSink& sink) {
  const ScanStep step = string_.feed(byte, name_);
  if (step != ScanStep::done) return step;
  if (!sink.begin(name_)) return ScanStep::rejected;
  announced_ = sent_ = true;
  if (!early_arguments_.empty()) sink.arguments(early_arguments_);
  expect_ = Expect::next;
  return ScanStep::more;
}

ScanStep JsonCallReader::feed_arguments(char byte, CallSink& sink) {
  scratch_.clear();
  const ScanStep step = arguments_->feed(byte, scratch_);
  send(scratch_, sink);
  if (step != ScanStep::done) return step;
  arguments_done_ = true;
  expect_ = Expect::next;
  return ScanStep::more;
}

ScanStep JsonCallReader::feed_other(char byte, CallSink& sink) {
  scratch_.clear();
  const ScanStep step = other_.feed(byte, scratch_);
  if (step == ScanStep::more) return step;
  expect_ = Expect::next;
  if (step == ScanStep::done) return ScanStep::more;
  return other_.complete() ? this->step(byte, sink) : ScanStep::rejected;
}

ScanStep JsonCallReader::close(CallSink& sink) {
  if (!announced_) return ScanStep::rejected;
  if (!arguments_) send("{}", sink);
  arguments_done_ = true;
  return ScanStep::done;
}

void JsonCallReader::send(std::string_view text, CallSink& sink) {
  if (text.empty()) return;
  if (!announced_) {
    early_arguments_ += text;
    return;
  }
  sink.arguments(text);
  sent_ = true;
}

}  // namespace redbolt::llm
