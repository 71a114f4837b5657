#include "output/call_marks.hpp"

#include <algorithm>
#include <array>

#include "redbolt/llm/output/answer_format.hpp"

namespace redbolt::llm {
namespace {

constexpr std::array<std::string_view, 12> kCallMarks = {
    "<tool_call>",
    "</tool_call>",
    "<|python_tag|>",
    "[TOOL_CALLS]",
    "[ARGS]",
    "<|tool_call|>",
    "<|/tool_call|>",
    "<｜tool▁calls▁begin｜>",
    "<｜tool▁call▁begin｜>",
    "<｜tool▁sep｜>",
    "<｜tool▁call▁end｜>",
    "<｜tool▁calls▁end｜>",
};
constexpr std::array<std::string_view, 5> kChannelMarks = {
    "<|start|>", kChannelMark, "<|constrain|>", "<|message|>", "<|end|>"};

}  // namespace

std::span<const std::string_view> call_marks() {
  return kCallMarks;
}

std::span<const std::string_view> channel_marks() {
  return kChannelMarks;
}

bool is_channel_mark(std::string_view text) {
  return std::ranges::find(kChannelMarks, text) != kChannelMarks.end();
}

bool is_answer_mark(std::string_view text) {
  if (is_channel_mark(text)) return true;
  if (std::ranges::find(kCallMarks, text) != kCallMarks.end()) return true;
  return std::ranges::any_of(known_thinking_tags(), [&](const ThinkingTags& tags) {
    return text == tags.open || text == tags.close;
  });
}

}  // namespace redbolt::llm
