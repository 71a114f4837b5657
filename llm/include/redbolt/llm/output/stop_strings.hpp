// Ends an answer before the first of several strings, wherever the pieces of its text are cut.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redbolt::llm {

class StopStringFilter {
 public:
  // Empty strings are ignored.
  explicit StopStringFilter(std::vector<std::string> stops);

  // The text that is certainly before any stop string. Only what may become one is held back. After
  // a match everything that follows is dropped.
  std::string push(std::string_view text);
  // What was held back; nothing after a match.
  std::string finish();

  // The string that was met, as an index into the list given: of those that are in the text, the
  // one that begins first; of those that begin there, the one that is complete first.
  std::optional<std::size_t> matched() const { return matched_; }

 private:
  struct Match {
    std::size_t at = 0;
    std::size_t stop = 0;
  };
  std::optional<Match> find_match(std::size_t searched) const;
  std::size_t held_back() const;

  std::vector<std::string> stops_;
  std::size_t longest_ = 0;
  std::string pending_;
  std::optional<std::size_t> matched_;
};

}  // namespace redbolt::llm
