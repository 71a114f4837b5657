// A compiled regular expression over UTF-8 (PCRE2 with Unicode properties, just-in-time compiled).
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace redbolt::llm {

class Regex {
 public:
  // The pattern is part of the program; one that does not compile throws std::logic_error.
  explicit Regex(std::string_view pattern);

  // Calls on_match(start, end) for each match in turn, in bytes of the subject. Bytes that are not
  // UTF-8 are never part of a match. Safe to use from several threads.
  template <class OnMatch>
  void for_each_match(std::string_view subject, OnMatch on_match) const {
    const Search search(*this);
    std::size_t position = 0;
    while (position < subject.size()) {
      const auto match = search.next(subject, position);
      if (!match) return;
      on_match(match->first, match->second);
      // No pattern here matches the empty text; the maximum keeps a mistake from looping for ever.
      position = std::max(match->second, position + 1);
    }
  }

 private:
  using Range = std::pair<std::size_t, std::size_t>;

  // The scratch memory of one search.
  class Search {
   public:
    explicit Search(const Regex& regex);
    std::optional<Range> next(std::string_view subject, std::size_t start) const;

   private:
    const Regex& regex_;
    std::shared_ptr<void> match_data_;
    std::shared_ptr<void> jit_stack_;
    std::shared_ptr<void> context_;
  };

  std::shared_ptr<void> code_;
};

}  // namespace redbolt::llm
