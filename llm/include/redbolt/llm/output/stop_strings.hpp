// Ends an answer before whichever of several strings comes first, wherever the pieces of its text
// are cut.
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

  // The string that was met, as an index into the list given: the one that was complete first; of
  // several that end at the same place, the longest.
  std::optional<std::size_t> matched() const { return matched_; }

 private:
  bool look_for_match();
  std::size_t beginning_of_a_stop() const;

  std::vector<std::string> stops_;
  std::string pending_;
  std::optional<std::size_t> matched_;
};

}  // namespace redbolt::llm
