#include "constraint/acceptor.hpp"

#include <algorithm>
#include <functional>

namespace redbolt::llm {
namespace {

constexpr std::uint32_t kEmptyStack = 0;
// Ways of reading that are followed at once. More only come of schemas whose alternatives cannot be
// told apart; each way kept can be completed, so leaving some out never leads to a dead end.
constexpr std::size_t kMaximumPlaces = 4096;
constexpr std::size_t kSeenSlots = 4 * kMaximumPlaces;
constexpr std::size_t kManyStates = 8'000;
constexpr std::size_t kMaximumStates = 40'000;
constexpr std::size_t kManyFrames = 100'000;
constexpr std::size_t kManyPlaces = 1'000'000;
constexpr std::size_t kMaximumPlacesRemembered = 8 * kManyPlaces;

}  // namespace

std::size_t Acceptor::IdentityHash::operator()(const Identity& identity) const {
  std::uint64_t hash = identity.accepts ? 0x9E3779B97F4A7C15U : 0x2545F4914F6CDD1DU;
  for (const Place& place : identity.places) {
    hash ^= (std::uint64_t{place.node} << 32) | place.stack;
    hash *= 0xFF51AFD7ED558CCDU;
    hash ^= hash >> 32;
  }
  return hash;
}

Acceptor::Acceptor(std::shared_ptr<const Grammar> grammar)
    : grammar_(std::move(grammar)), classes_(grammar_->byte_classes()), seen_(kSeenSlots) {
  reset();
  add_place(grammar_->entry(grammar_->root()), kEmptyStack);
  start_ = close();
}

void Acceptor::reset() {
  frames_.assign(1, Frame{kEmptyStack, 0, 0});
  frame_ids_.clear();
  ids_.clear();
  states_.clear();
  table_.clear();
  places_remembered_ = 0;
}

FreeText Acceptor::free_text(State state, std::uint32_t characters) const {
  for (const Place& place : states_[state]->places) {
    const Node& node = grammar_->node(place.node);
    if (node.free_text != FreeText::none && node.room >= characters) return node.free_text;
  }
  return FreeText::none;
}

bool Acceptor::remembers_much() const {
  return states_.size() >= kManyStates || frames_.size() >= kManyFrames ||
         places_remembered_ >= kManyPlaces;
}

Acceptor::State Acceptor::forget_others(State state) {
  // The stacks of the state's places, each from the bottom up.
  struct Kept {
    NodeId node;
    std::vector<NodeId> stack;
  };
  std::vector<Kept> kept;
  for (const Place& place : states_[state]->places) {
    Kept one{place.node, {}};
    for (StackId id = place.stack; id != kEmptyStack; id = frames_[id].below) {
      one.stack.push_back(frames_[id].to);
    }
    kept.push_back(std::move(one));
  }
  Identity identity{.places = {}, .accepts = states_[state]->accepts};
  reset();
  for (const Kept& one : kept) {
    StackId stack = kEmptyStack;
    for (std::size_t i = one.stack.size(); i-- > 0;) stack = push(stack, one.stack[i]);
    identity.places.push_back({one.node, stack});
  }
  std::ranges::sort(identity.places);
  return intern(std::move(identity));
}

Acceptor::State Acceptor::compute(State state, std::uint8_t byte) {
  const std::size_t slot = state * classes_ + grammar_->byte_class(byte);
  // Beyond this, unknown steps are refused: the caller looks at single bytes then.
  if (states_.size() >= kMaximumStates || places_remembered_ >= kMaximumPlacesRemembered) {
    return kDead;
  }
  for (const Place& place : states_[state]->places) {
    for (const Node::Byte& edge : grammar_->node(place.node).bytes) {
      if (byte >= edge.low && byte <= edge.high) add_place(edge.to, place.stack);
    }
  }
  const State next = close();
  table_[slot] = next;
  return next;
}

// Only places from which the end can still be reached within the frames there are.
void Acceptor::add_place(NodeId node, StackId stack) {
  const std::uint32_t needed = grammar_->node(node).frames;
  if (needed == kUnreachable || frames_[stack].depth + needed > kMaximumFrames) return;
  open_.push_back({node, stack});
}

bool Acceptor::is_new(const Place& place) {
  const std::uint64_t key = (std::uint64_t{place.node} << 32) | place.stack;
  std::size_t slot = (key * 0x9E3779B97F4A7C15U) >> 50 & (kSeenSlots - 1);
  for (; seen_[slot].round == round_; slot = (slot + 1) & (kSeenSlots - 1)) {
    if (seen_[slot].place == place) return false;
  }
  seen_[slot] = {place, round_};
  ++seen_count_;
  return true;
}

Acceptor::State Acceptor::close() {
  ++round_;
  seen_count_ = 0;
  Identity found;
  while (!open_.empty() && seen_count_ < kMaximumPlaces) {
    const Place place = open_.back();
    open_.pop_back();
    if (!is_new(place)) continue;
    const Node& node = grammar_->node(place.node);
    if (!node.bytes.empty()) found.places.push_back(place);
    for (const NodeId to : node.empty) add_place(to, place.stack);
    for (const Node::Call& call : node.calls) add_call(call, place.stack);
    if (!node.returns) continue;
    if (place.stack == kEmptyStack) {
      found.accepts = true;
    } else {
      add_place(frames_[place.stack].to, frames_[place.stack].below);
    }
  }
  open_.clear();
  const auto decides = [&](const Place& place) { return grammar_->node(place.node).decides; };
  if (std::ranges::any_of(found.places, decides)) {
    std::erase_if(found.places, std::not_fn(decides));
    found.accepts = false;
  }
  if (found.places.empty() && !found.accepts) return kDead;
  std::ranges::sort(found.places);
  return intern(std::move(found));
}

void Acceptor::add_call(const Node::Call& call, StackId stack) {
  const Node& after = grammar_->node(call.to);
  const NodeId entry = grammar_->entry(call.rule);
  if (after.only_returns()) return add_place(entry, stack);
  const std::uint32_t depth = frames_[stack].depth;
  const std::uint32_t inside = grammar_->node(entry).frames;
  if (after.frames == kUnreachable || depth + after.frames > kMaximumFrames) return;
  if (inside == kUnreachable || depth + 1 + inside > kMaximumFrames) return;
  add_place(entry, push(stack, call.to));
}

Acceptor::State Acceptor::intern(Identity identity) {
  const auto [entry, is_new] =
      ids_.try_emplace(std::move(identity), static_cast<State>(states_.size()));
  if (is_new) {
    states_.push_back(&entry->first);
    places_remembered_ += entry->first.places.size();
    table_.resize(table_.size() + classes_, kUnknown);
  }
  return entry->second;
}

Acceptor::StackId Acceptor::push(StackId below, NodeId to) {
  const std::uint64_t key = (std::uint64_t{below} << 32) | to;
  const auto [entry, is_new] = frame_ids_.try_emplace(key, static_cast<StackId>(frames_.size()));
  if (is_new) frames_.push_back({below, to, frames_[below].depth + 1});
  return entry->second;
}

}  // namespace redbolt::llm
