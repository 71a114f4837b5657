// Runs a grammar over bytes. All ways of reading what has come so far are followed at once: a state
// is a set of places in the grammar, each with its stack of rules to return to. States and the
// steps between them are remembered, so that walking a vocabulary through them is mostly looking
// up. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "constraint/grammar.hpp"

namespace redbolt::llm {

class Acceptor {
 public:
  using State = std::uint32_t;
  static constexpr State kDead = UINT32_MAX;

  explicit Acceptor(std::shared_ptr<const Grammar> grammar);

  State start() const { return start_; }
  // kDead: no byte sequence that begins like this has the form.
  State step(State state, std::uint8_t byte) {
    const State next = table_[state * classes_ + grammar_->byte_class(byte)];
    return next != kUnknown ? next : compute(state, byte);
  }
  // What has come so far is a whole document.
  bool accepts(State state) const { return states_[state]->accepts; }
  // Free text that goes on from a state for at least `characters`.
  FreeText free_text(State state, std::uint32_t characters) const;

  // Frees what is remembered; only `state` lives on, under the id returned.
  State forget_others(State state);
  // There is so much of it that it should be.
  bool remembers_much() const;
  std::size_t states() const { return states_.size(); }

 private:
  static constexpr State kUnknown = UINT32_MAX - 1;
  using StackId = std::uint32_t;
  struct Frame {
    StackId below;
    NodeId to;
    std::uint32_t depth;
  };
  struct Place {
    NodeId node;
    StackId stack;
    auto operator<=>(const Place&) const = default;
  };
  using Places = std::vector<Place>;
  // What tells states apart.
  struct Identity {
    Places places;  // sorted
    bool accepts = false;
    bool operator==(const Identity&) const = default;
  };
  struct IdentityHash {
    std::size_t operator()(const Identity& identity) const;
  };

  State compute(State state, std::uint8_t byte);
  void add_place(NodeId node, StackId stack);
  void add_call(const Node::Call& call, StackId stack);
  State close();
  bool is_new(const Place& place);
  State intern(Identity identity);
  StackId push(StackId below, NodeId to);
  void reset();

  std::shared_ptr<const Grammar> grammar_;
  std::size_t classes_;
  std::vector<Frame> frames_;
  std::unordered_map<std::uint64_t, StackId> frame_ids_;
  std::unordered_map<Identity, State, IdentityHash> ids_;
  std::vector<const Identity*> states_;  // keys of ids_
  std::vector<State> table_;
  State start_;
  // Of the state being computed.
  struct Seen {
    Place place;
    std::uint32_t round;
  };
  Places open_;
  std::vector<Seen> seen_;  // a hash table, each entry as of its round
  std::size_t seen_count_ = 0;
  std::uint32_t round_ = 0;
  std::size_t places_remembered_ = 0;
};

}  // namespace redbolt::llm
