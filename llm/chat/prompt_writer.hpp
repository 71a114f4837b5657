// Collects a prompt's segments: markup of the format, and content that others wrote.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::llm {

class PromptWriter {
 public:
  PromptWriter& markup(std::string_view text) { return append(text, SpecialTokens::all); }
  PromptWriter& content(std::string_view text) { return append(text, SpecialTokens::none); }

  std::vector<TextSegment> take() { return std::move(segments_); }

 private:
  PromptWriter& append(std::string_view text, SpecialTokens special) {
    if (text.empty()) return *this;
    if (!segments_.empty() && segments_.back().special == special) {
      segments_.back().text += text;
    } else {
      segments_.push_back({std::string(text), special});
    }
    return *this;
  }

  std::vector<TextSegment> segments_;
};

}  // namespace redbolt::llm
