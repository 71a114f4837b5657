#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "redbolt/llm/output/stop_strings.hpp"

namespace redbolt::llm {
namespace {

// The rule, by brute force: the first place where any string ends; of those, the longest.
std::pair<std::string, std::optional<std::size_t>> expected(const std::string& text,
                                                            const std::vector<std::string>& stops) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < stops.size(); ++i) {
      if (stops[i].empty() || !std::string_view(text).substr(0, end).ends_with(stops[i])) continue;
      if (!best || stops[i].size() > stops[*best].size()) best = i;
    }
    if (best) return {text.substr(0, end - stops[*best].size()), best};
  }
  return {text, {}};
}

TEST(StopStrings, EndTheTextBeforeThem) {
  StopStringFilter filter({"END", "\n\n"});
  EXPECT_EQ(filter.push("one\ntwo E"), "one\ntwo ");
  EXPECT_EQ(filter.push("N"), "");
  EXPECT_FALSE(filter.matched());
  EXPECT_EQ(filter.push("D and more"), "");
  EXPECT_EQ(filter.matched(), 0U);
  EXPECT_EQ(filter.push("more"), "");
  EXPECT_EQ(filter.finish(), "");
}

TEST(StopStrings, HoldBackOnlyWhatMayBecomeOne) {
  StopStringFilter filter({"###"});
  EXPECT_EQ(filter.push("a#"), "a");
  EXPECT_EQ(filter.push("b"), "#b");
  EXPECT_EQ(filter.push("##"), "");
  EXPECT_EQ(filter.finish(), "##");
  EXPECT_FALSE(filter.matched());
}

TEST(StopStrings, WithoutAnyNothingIsHeldBack) {
  StopStringFilter filter({""});
  EXPECT_EQ(filter.push("text"), "text");
  EXPECT_FALSE(filter.matched());
}

TEST(StopStrings, DoNotDependOnTheCuts) {
  std::mt19937 random(5);
  const auto text_of = [&](std::size_t length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text += static_cast<char>('a' + random() % 2);
    return text;
  };
  unsigned matches = 0;
  for (unsigned round = 0; round < 4000; ++round) {
    std::vector<std::string> stops(random() % 4);
    for (std::string& stop : stops) stop = text_of(random() % 7);
    const std::string text = text_of(random() % 40);
    StopStringFilter filter(stops);
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t length = 1 + random() % 6;
      out += filter.push(std::string_view(text).substr(at, length));
      at += length;
    }
    out += filter.finish();
    const auto [before, stop] = expected(text, stops);
    ASSERT_EQ(out, before) << text;
    ASSERT_EQ(filter.matched(), stop) << text;
    matches += stop ? 1 : 0;
  }
  EXPECT_GT(matches, 1000U);
}

}  // namespace
}  // namespace redbolt::llm
