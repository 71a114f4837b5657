#include "constraint/markup.hpp"

#include <algorithm>

#include "output/call_marks.hpp"

namespace redbolt::llm {
namespace {

// The tag that a text begins with; nothing if there is none.
std::string_view leading_mark(std::string_view text) {
  for (const auto marks : {call_marks(), channel_marks()}) {
    const auto found =
        std::ranges::find_if(marks, [&](std::string_view mark) { return text.starts_with(mark); });
    if (found != marks.end()) return *found;
  }
  return {};
}

}  // namespace

NodeId append_markup(GrammarBuilder& grammar, const VocabularyTrie& trie, NodeId from,
                     std::string_view text) {
  while (!text.empty()) {
    const std::string_view mark = leading_mark(text);
    from = mark.empty() ? grammar.append_text(from, text.substr(0, 1))
                        : grammar.append_text(from, trie.tag(mark));
    text.remove_prefix(std::max<std::size_t>(mark.size(), 1));
  }
  return from;
}

}  // namespace redbolt::llm
