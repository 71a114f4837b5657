// The parts that every JSON form is made of, appended to a grammar. What is used in many places is
// a rule, made when it is first needed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "constraint/grammar.hpp"

namespace redbolt::llm {

// Code points, both ends included; sorted and apart from each other where a set is meant.
struct CodePoints {
  char32_t first, last;
};

// How text is written: between the quotes of a JSON string, or as it is.
enum class Writing { json_string, raw };

class JsonParts {
 public:
  explicit JsonParts(GrammarBuilder& grammar) : grammar_(grammar) {}

  GrammarBuilder& grammar() { return grammar_; }

  // At most: a space; or two line breaks and 20 spaces or tabs.
  NodeId append_space(NodeId from);
  // Before the whole answer, where an indent would mean nothing: a space, or up to two line ends.
  NodeId append_leading_space(NodeId from);
  // Any value; any object; nested as deep as there are frames.
  NodeId append_any_value(NodeId from);
  NodeId append_any_object(NodeId from);
  // A string of any characters, with its quotes.
  NodeId append_any_string(NodeId from);
  // A string of so many characters.
  NodeId append_sized_string(NodeId from, std::uint32_t least, std::optional<std::uint32_t> most);
  NodeId append_any_number(NodeId from);
  NodeId append_any_integer(NodeId from);
  // One character of a set. A character that has to be escaped is, in the shortest way.
  NodeId append_character(NodeId from, const std::vector<CodePoints>& set, Writing writing);
  // Digits, between so many.
  NodeId append_digits(NodeId from, unsigned least, unsigned most);
  // Any text up to and including `end`, which begins with '<'; UTF-8.
  NodeId append_raw_until(NodeId from, std::string_view end);

 private:
  enum Rule { space, value, object, array, string_rest, character, number, integer, rule_count };

  RuleId rule(Rule which);
  void write_space(NodeId from);
  void write_value(NodeId from);
  void write_object(NodeId from);
  void write_array(NodeId from);
  void write_string_rest(NodeId from);
  void write_character(NodeId from);
  void write_number(NodeId from);
  void write_integer(NodeId from);
  void on_plain_characters(NodeId from, NodeId to);
  void on_multibyte(NodeId from, NodeId to);
  void on_escapes(NodeId from, NodeId to);
  void on_code_points(NodeId from, char32_t first, char32_t last, NodeId to);

  GrammarBuilder& grammar_;
  std::optional<RuleId> rules_[rule_count];
};

}  // namespace redbolt::llm
