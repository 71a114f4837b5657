#include "constraint/grammar.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "redbolt/llm/constraint/schema_error.hpp"

namespace redbolt::llm {
namespace {

// What a node needs, of its edges as they are known so far.
std::uint32_t frames_of(const Node& node, const Grammar& grammar) {
  std::uint32_t least = node.returns ? 0 : kUnreachable;
  for (const Node::Byte& edge : node.bytes) least = std::min(least, grammar.node(edge.to).frames);
  for (const NodeId to : node.empty) least = std::min(least, grammar.node(to).frames);
  for (const Node::Call& call : node.calls) {
    const std::uint32_t inside = grammar.node(grammar.entry(call.rule)).frames;
    const std::uint32_t after = grammar.node(call.to).frames;
    if (inside == kUnreachable || after == kUnreachable) continue;
    least = std::min(least, std::max(inside + 1, after));
  }
  return least;
}

}  // namespace

GrammarBuilder::GrammarBuilder() {
  add_rule();
}

NodeId GrammarBuilder::add_node() {
  if (grammar_.nodes_.size() == kMaximumNodes) {
    throw SchemaError(
        SchemaErrorCode::limit_exceeded, "", "",
        "the schema is too large: its lengths, repetitions and values make more than " +
            std::to_string(kMaximumNodes) + " states");
  }
  grammar_.nodes_.emplace_back();
  return static_cast<NodeId>(grammar_.nodes_.size() - 1);
}

RuleId GrammarBuilder::add_rule() {
  grammar_.entries_.push_back(add_node());
  return static_cast<RuleId>(grammar_.entries_.size() - 1);
}

void GrammarBuilder::set_free_text(NodeId node, FreeText kind, std::uint32_t room) {
  grammar_.nodes_[node].free_text = kind;
  grammar_.nodes_[node].room = room;
}

void GrammarBuilder::on_bytes(NodeId from, std::uint8_t low, std::uint8_t high, NodeId to) {
  grammar_.nodes_[from].bytes.push_back({low, high, to});
}

void GrammarBuilder::skip(NodeId from, NodeId to) {
  grammar_.nodes_[from].empty.push_back(to);
}

void GrammarBuilder::call(NodeId from, RuleId rule, NodeId to) {
  grammar_.nodes_[from].calls.push_back({rule, to});
}

NodeId GrammarBuilder::append_bytes(NodeId from, std::uint8_t low, std::uint8_t high) {
  const NodeId to = add_node();
  on_bytes(from, low, high, to);
  return to;
}

NodeId GrammarBuilder::append_text(NodeId from, std::string_view text) {
  for (const char byte : text) {
    const auto value = static_cast<std::uint8_t>(byte);
    from = append_bytes(from, value, value);
  }
  return from;
}

NodeId GrammarBuilder::append_call(NodeId from, RuleId rule) {
  const NodeId to = add_node();
  call(from, rule, to);
  return to;
}

Grammar GrammarBuilder::finish() {
  find_frames();
  const std::uint32_t needed = grammar_.nodes_[grammar_.entries_[0]].frames;
  if (needed == kUnreachable) {
    throw SchemaError(SchemaErrorCode::unsatisfiable, "", "",
                      "no finite document is valid against the schema");
  }
  if (needed > kMaximumFrames) {
    throw SchemaError(SchemaErrorCode::limit_exceeded, "", "",
                      "even the shallowest valid document is nested too deep");
  }
  refuse_left_recursion();
  find_byte_classes();
  return std::move(grammar_);
}

void GrammarBuilder::find_frames() {
  // Parts are built front to back, so most of it is found in one pass from the back.
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = grammar_.nodes_.size(); i-- > 0;) {
      const std::uint32_t frames = frames_of(grammar_.nodes_[i], grammar_);
      changed = changed || frames != grammar_.nodes_[i].frames;
      grammar_.nodes_[i].frames = frames;
    }
  }
}

// Which rules may end without taking a byte.
std::vector<bool> GrammarBuilder::find_nullable() const {
  std::vector<bool> ends_here(grammar_.nodes_.size(), false);
  const auto is_nullable = [&](RuleId rule) { return ends_here[grammar_.entries_[rule]]; };
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = grammar_.nodes_.size(); i-- > 0;) {
      if (ends_here[i]) continue;
      const Node& node = grammar_.nodes_[i];
      const bool ends = node.returns ||
                        std::ranges::any_of(node.empty, [&](NodeId to) { return ends_here[to]; }) ||
                        std::ranges::any_of(node.calls, [&](const Node::Call& call) {
                          return is_nullable(call.rule) && ends_here[call.to];
                        });
      ends_here[i] = ends;
      changed = changed || ends;
    }
  }
  std::vector<bool> rules;
  for (const NodeId entry : grammar_.entries_) rules.push_back(ends_here[entry]);
  return rules;
}

void GrammarBuilder::refuse_left_recursion() const {
  const std::vector<bool> nullable = find_nullable();
  // The rules that each rule may call before it has taken a byte.
  std::vector<std::vector<RuleId>> first(grammar_.entries_.size());
  std::vector<RuleId> seen_by(grammar_.nodes_.size(), UINT32_MAX);
  for (RuleId rule = 0; rule < grammar_.entries_.size(); ++rule) {
    std::vector<NodeId> open{grammar_.entries_[rule]};
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      if (std::exchange(seen_by[id], rule) == rule) continue;
      const Node& node = grammar_.nodes_[id];
      open.insert(open.end(), node.empty.begin(), node.empty.end());
      for (const Node::Call& call : node.calls) {
        first[rule].push_back(call.rule);
        if (nullable[call.rule]) open.push_back(call.to);
      }
    }
  }
  // Rules are taken away as long as one calls none of those left; what remains goes in circles.
  std::vector<std::size_t> calls(first.size());
  std::vector<std::vector<RuleId>> callers(first.size());
  std::vector<RuleId> free;
  for (RuleId rule = 0; rule < first.size(); ++rule) {
    calls[rule] = first[rule].size();
    for (const RuleId called : first[rule]) callers[called].push_back(rule);
    if (calls[rule] == 0) free.push_back(rule);
  }
  std::size_t taken = 0;
  for (; taken < free.size(); ++taken) {
    for (const RuleId caller : callers[free[taken]]) {
      if (--calls[caller] == 0) free.push_back(caller);
    }
  }
  if (taken == first.size()) return;
  throw SchemaError(SchemaErrorCode::bad_reference, "", "$ref",
                    "a $ref leads back to itself through anyOf alone");
}

void GrammarBuilder::find_byte_classes() {
  std::array<bool, 257> begins{};
  for (const Node& node : grammar_.nodes_) {
    for (const Node::Byte& edge : node.bytes) {
      begins[edge.low] = true;
      begins[edge.high + 1U] = true;
    }
  }
  grammar_.classes_.resize(256);
  std::uint8_t current = 0;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    if (byte != 0 && begins[byte]) ++current;
    grammar_.classes_[byte] = current;
  }
  grammar_.class_count_ = current + 1U;
}

}  // namespace redbolt::llm
