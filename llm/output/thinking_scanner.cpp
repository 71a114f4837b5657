#include "output/thinking_scanner.hpp"

#include <algorithm>
#include <utility>

#include "output/json_scanner.hpp"

namespace redbolt::llm {

ThinkingScanner::ThinkingScanner(const AnswerFormat& format, bool starts_in_thinking)
    : tags_(format.thinking), where_(starts_in_thinking ? Where::thinking : Where::before) {
  if (!tags_.open.empty()) {
    candidates_ = {tags_};
    return;
  }
  for (const ThinkingTags& tags : known_thinking_tags()) {
    // A phrase in plain words is a tag only for the model that was trained on it.
    if (tags.open.find(' ') == std::string_view::npos) candidates_.push_back(tags);
  }
  tags_ = candidates_.front();
}

void ThinkingScanner::feed(char byte, std::string& reasoning, std::string& text) {
  if (where_ == Where::before) {
    feed_before(byte, text);
  } else if (where_ == Where::thinking) {
    feed_thinking(byte, reasoning);
  } else {
    text += byte;
  }
}

void ThinkingScanner::finish(std::string& reasoning, std::string& text) {
  if (where_ == Where::thinking) {
    for (const char byte : std::exchange(held_, {})) add_thought(byte, reasoning);
    if (any_) reasoning += std::exchange(space_, {});
  }
  text += std::exchange(held_, {});
}

void ThinkingScanner::feed_before(char byte, std::string& text) {
  held_ += byte;
  const auto start = std::ranges::find_if_not(held_, is_json_space);
  const std::string_view front(start, held_.end());
  for (const ThinkingTags& tags : candidates_) {
    if (front == tags.open) {
      tags_ = tags;
      where_ = Where::thinking;
      held_.clear();
      return;
    }
    if (tags.open.starts_with(front) && held_.size() <= kMaximumSpaceBeforeTag) return;
  }
  where_ = Where::text;
  text += std::exchange(held_, {});
}

void ThinkingScanner::feed_thinking(char byte, std::string& reasoning) {
  held_ += byte;
  while (!held_.empty()) {
    if (held_ == tags_.close || held_ == tags_.open) {
      return tag_in_thoughts(std::exchange(held_, {}), reasoning);
    }
    if (tags_.close.starts_with(held_) || tags_.open.starts_with(held_)) return;
    const char front = held_.front();
    held_.erase(0, 1);
    add_thought(front, reasoning);
  }
}

void ThinkingScanner::tag_in_thoughts(std::string_view tag, std::string& reasoning) {
  if (tag == tags_.close) {
    if (--depth_ == 0) {
      where_ = Where::text;
      thought_ = true;
      space_.clear();
      return;
    }
  } else {
    // The prompt has opened the thoughts, and the model does so again.
    if (!any_) return;
    if (line_start_) ++depth_;
  }
  for (const char byte : tag) add_thought(byte, reasoning);
}

void ThinkingScanner::add_thought(char byte, std::string& reasoning) {
  if (is_json_space(byte)) {
    if (byte == '\n') line_start_ = true;
    if (any_) space_ += byte;
    return;
  }
  any_ = true;
  line_start_ = false;
  reasoning += std::exchange(space_, {});
  reasoning += byte;
}

}  // namespace redbolt::llm
