// A form as an automaton over bytes that can call parts of itself: nodes, and edges that take a
// byte, take nothing, or run a rule first. Built once, then read by any number of acceptors.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace redbolt::llm {

using NodeId = std::uint32_t;
using RuleId = std::uint32_t;

// Rules that may be under way within each other; what a form needs less than is never cut off.
inline constexpr std::uint32_t kMaximumFrames = 72;
inline constexpr std::size_t kMaximumNodes = 150'000;
inline constexpr std::uint32_t kUnreachable = UINT32_MAX;

// Text that goes on freely from a node, so that most tokens are known to fit without a look.
enum class FreeText : std::uint8_t {
  none,
  json_string,  // characters of a JSON string that need no escape
  raw,          // any characters but '<'
};

struct Node {
  struct Byte {
    std::uint8_t low, high;
    NodeId to;
  };
  struct Call {
    RuleId rule;
    NodeId to;
  };
  std::vector<Byte> bytes;
  std::vector<NodeId> empty;
  std::vector<Call> calls;
  bool returns = false;  // the rule may end here
  bool decides = false;  // what has come to here is read in no other way
  FreeText free_text = FreeText::none;
  std::uint32_t room = 0;  // characters that the free text may have at least
  // Frames that the shortest way from here to the rule's end needs; kUnreachable: there is none.
  std::uint32_t frames = kUnreachable;

  bool only_returns() const { return returns && bytes.empty() && empty.empty() && calls.empty(); }
};

class Grammar {
 public:
  const Node& node(NodeId id) const { return nodes_[id]; }
  std::size_t size() const { return nodes_.size(); }
  NodeId entry(RuleId rule) const { return entries_[rule]; }
  RuleId root() const { return 0; }
  // Bytes that no edge tells apart share a class.
  std::uint8_t byte_class(std::uint8_t byte) const { return classes_[byte]; }
  std::uint32_t byte_classes() const { return class_count_; }

 private:
  friend class GrammarBuilder;
  std::vector<Node> nodes_;
  std::vector<NodeId> entries_;
  std::vector<std::uint8_t> classes_;
  std::uint32_t class_count_ = 0;
};

// Parts are appended to a node and return the node they end at. Throws SchemaError{limit_exceeded}
// beyond kMaximumNodes.
class GrammarBuilder {
 public:
  // With the root rule, 0.
  GrammarBuilder();

  NodeId add_node();
  RuleId add_rule();
  NodeId entry(RuleId rule) const { return grammar_.entries_[rule]; }
  void set_returns(NodeId node) { grammar_.nodes_[node].returns = true; }
  // For forms of which one may look like another: other ways of reading the same bytes are dropped.
  // The node must have an edge that takes a byte.
  void set_decides(NodeId node) { grammar_.nodes_[node].decides = true; }
  void set_free_text(NodeId node, FreeText kind, std::uint32_t room);

  void on_bytes(NodeId from, std::uint8_t low, std::uint8_t high, NodeId to);
  void skip(NodeId from, NodeId to);
  void call(NodeId from, RuleId rule, NodeId to);

  NodeId append_bytes(NodeId from, std::uint8_t low, std::uint8_t high);
  NodeId append_text(NodeId from, std::string_view text);
  NodeId append_call(NodeId from, RuleId rule);

  // Throws SchemaError: unsatisfiable when no end can be reached, limit_exceeded when that takes
  // more than kMaximumFrames, bad_reference when a rule may call itself before it takes a byte.
  Grammar finish();

 private:
  void find_frames();
  void refuse_left_recursion() const;
  std::vector<bool> find_nullable() const;
  void find_byte_classes();

  Grammar grammar_;
};

}  // namespace redbolt::llm
