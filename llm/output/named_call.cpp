#include "output/named_call.hpp"

#include <cctype>
#include <string_view>

namespace redbolt::llm {
namespace {

constexpr std::string_view kMark = "[ARGS]";
constexpr std::size_t kMaximumName = 256;

bool may_be_in_name(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return value >= 0x80 || std::isalnum(value) != 0 || byte == '_' || byte == '-' || byte == '.' ||
         byte == ':' || byte == '/' || byte == '$';
}

}  // namespace

ScanStep NamedCallReader::feed(char byte, CallSink& sink) {
  return named_ ? arguments_.feed(byte, sink) : feed_name(byte, sink);
}

ScanStep NamedCallReader::feed_name(char byte, CallSink& sink) {
  const bool in_mark = !mark_.empty() || byte == '[';
  if (in_mark) {
    mark_ += byte;
    if (!kMark.starts_with(mark_)) return ScanStep::rejected;
    if (mark_ != kMark) return ScanStep::more;
  } else if (byte != '{') {
    if (!may_be_in_name(byte) || name_.size() == kMaximumName) return ScanStep::rejected;
    name_ += byte;
    return ScanStep::more;
  }
  if (!sink.begin(name_)) return ScanStep::rejected;
  named_ = true;
  return in_mark ? ScanStep::more : feed(byte, sink);
}

}  // namespace redbolt::llm
