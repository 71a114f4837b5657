#include "redbolt/llm/tokenizer/streaming_decoder.hpp"

#include <string_view>
#include <utility>

#include "support/utf8.hpp"

namespace redbolt::llm {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

}  // namespace

std::string StreamingDecoder::push(TokenId id) {
  pending_ += tokenizer_.bytes(id);
  std::string text;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const Utf8Prefix front = utf8_prefix(rest);
    if (front.kind == Utf8Prefix::Kind::incomplete) break;
    text += front.kind == Utf8Prefix::Kind::character ? rest.substr(0, front.length) : kReplacement;
    rest.remove_prefix(front.length);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return text;
}

std::string StreamingDecoder::finish() {
  return std::exchange(pending_, {}).empty() ? std::string() : std::string(kReplacement);
}

}  // namespace redbolt::llm
