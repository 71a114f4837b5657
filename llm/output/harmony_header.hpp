// What stands between the messages of an answer in GPT-OSS's "harmony" format: the mark that ends a
// message, and the next one's header, such as
// <|start|>assistant<|channel|>commentary to=functions.NAME <|constrain|>json<|message|>
#pragma once

#include <cstddef>
#include <string_view>

namespace redbolt::llm {

enum class HarmonyChannel { none, analysis, commentary, final };

struct HarmonyHeader {
  enum class Fit {
    no,      // the text is none, however it goes on
    partly,  // it may become one
    whole,
  };
  Fit fit = Fit::no;
  std::size_t end_mark = 0;  // bytes of the mark in front that ends the message before
  HarmonyChannel channel = HarmonyChannel::none;
  std::string_view recipient = {};  // "functions.NAME"; a part of the text
};

// `at_start`: the text is an answer's beginning, where the header's own beginning stands in the
// prompt already.
HarmonyHeader read_harmony_header(std::string_view text, bool at_start);

}  // namespace redbolt::llm
