// Arbitrary text as a model's answer: nothing of it may be lost or depend on how it is cut, and
// what is called a whole call must be one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "output/json_scanner.hpp"
#include "recorded_answers.hpp"

namespace {

using namespace redbolt;

constexpr llm::ToolSyntax kSyntaxes[] = {
    llm::ToolSyntax::hermes,   llm::ToolSyntax::function_tags,   llm::ToolSyntax::llama_json,
    llm::ToolSyntax::mistral,  llm::ToolSyntax::mistral_args,    llm::ToolSyntax::tagged_list,
    llm::ToolSyntax::deepseek, llm::ToolSyntax::deepseek_fenced, llm::ToolSyntax::harmony,
};
constexpr std::uint8_t kStartsInThinking = 0x80, kCallsOrText = 0x40, kOneCall = 0x20,
                       kSyntaxBits = 0x1F;

const std::vector<test::RecordedAnswer>& answers() {
  static const auto all = test::recorded_answers();
  return all;
}

bool same(const test::JoinedAnswer& a, const test::JoinedAnswer& b) {
  if (a.reasoning != b.reasoning || a.content != b.content) return false;
  if (a.calls.size() != b.calls.size()) return false;
  for (std::size_t i = 0; i < a.calls.size(); ++i) {
    if (a.calls[i].name != b.calls[i].name || a.calls[i].arguments != b.calls[i].arguments ||
        a.calls[i].complete != b.calls[i].complete) {
      return false;
    }
  }
  return true;
}

bool is_object(std::string_view text) {
  llm::JsonScanner scanner;
  std::string out;
  for (const char byte : text) {
    if (scanner.feed(byte, out) == llm::ScanStep::rejected) return false;
  }
  return scanner.complete() && text.starts_with('{');
}

void check(const llm::AnswerOptions& options, std::string_view text, std::uint8_t seed) {
  const auto whole = test::parse_in_pieces(options, text, {});
  if (!whole.problems.empty()) std::abort();
  std::vector<std::size_t> cuts;
  for (std::size_t at = seed % 7U; at < text.size(); at += 1 + (at * 31 + seed) % 9) {
    cuts.push_back(at);
  }
  if (!same(whole, test::parse_in_pieces(options, text, cuts))) std::abort();
  if (whole.calls.size() > options.most_calls) std::abort();
  for (const auto& call : whole.calls) {
    if (call.complete != is_object(call.arguments)) std::abort();
  }
}

}  // namespace

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  std::vector<std::vector<std::uint8_t>> samples;
  for (const auto& answer : answers()) {
    samples.emplace_back();
    const auto syntax = static_cast<unsigned>(answer.options.format.tools);
    const unsigned mode = (answer.options.calls_or_text ? kCallsOrText : 0U) |
                          (answer.options.starts_in_thinking ? kStartsInThinking : 0U);
    samples.back().push_back(static_cast<std::uint8_t>(syntax | mode));
    for (const char byte : answer.text) samples.back().push_back(static_cast<std::uint8_t>(byte));
  }
  return samples;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(data + 1, data + size);
  llm::AnswerOptions options;
  options.format.tools = kSyntaxes[(data[0] & kSyntaxBits) % std::size(kSyntaxes)];
  options.starts_in_thinking = (data[0] & kStartsInThinking) != 0;
  options.calls_or_text = (data[0] & kCallsOrText) != 0;
  if ((data[0] & kOneCall) != 0) options.most_calls = 1;
  check(options, text, data[0]);
  options.tools = answers().front().options.tools;
  check(options, text, data[0]);
  return 0;
}
