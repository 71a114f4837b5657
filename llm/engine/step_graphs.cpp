#include "engine/step_graphs.hpp"

#include <algorithm>
#include <bit>

#include "engine/load_together.hpp"

namespace redbolt::llm {
namespace {

// Short chunks have a graph of their own, without the workgroups of the tokens that they lack: one
// tile of the batched matrices.
constexpr std::uint32_t kShortChunk = 32;

}  // namespace

StepGraphs::StepGraphs(const LoadedModel& model, const DrawMemory& memory,
                       const runtime::Device::LoadProgress& progress)
    : device_(model.device()),
      slots_(model.shape().slots),
      builder_(model.graphs()),
      memory_(memory.views()) {
  std::vector<std::uint32_t> chunks{model.shape().batch};
  if (model.shape().batch > kShortChunk) chunks.insert(chunks.begin(), kShortChunk);
  std::vector<runtime::CommandGraph> graphs;
  for (const std::uint32_t tokens : chunks) graphs.push_back(builder_.prefill(tokens));
  // All kernels that any slot or number of slots needs are among these.
  std::vector<Key> keys{{Kind::first_token, {0, 1}}};
  for (std::uint32_t count = 1;; count *= 2) {
    keys.push_back({Kind::step, {0, std::min(count, slots_)}});
    if (count >= slots_) break;
  }
  for (const Key& key : keys) graphs.push_back(describe(key));
  kernels_ = load_together(device_, graphs, progress);
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    prefills_.push_back({chunks[i], device_.record(graphs[i])});
  }
  for (const Key& key : keys) find(key.kind, key.range);
}

SlotRange StepGraphs::range_of(std::uint32_t first, std::uint32_t last) const {
  if (first == last) return {first, 1};
  return {0, std::min(std::bit_ceil(last + 1), slots_)};
}

const runtime::ExecutableGraph& StepGraphs::prefill(std::uint32_t tokens) const {
  return std::ranges::find_if(prefills_, [&](const Prefill& p) { return tokens <= p.capacity; })
      ->graph;
}

const runtime::ExecutableGraph& StepGraphs::first_token(std::uint32_t slot) {
  return find(Kind::first_token, {slot, 1});
}
const runtime::ExecutableGraph& StepGraphs::prompt_head(std::uint32_t slot) {
  return find(Kind::prompt_head, {slot, 1});
}
const runtime::ExecutableGraph& StepGraphs::step(SlotRange range) {
  return find(Kind::step, range);
}
const runtime::ExecutableGraph& StepGraphs::forward(SlotRange range) {
  return find(Kind::forward, range);
}
const runtime::ExecutableGraph& StepGraphs::draw(SlotRange range) {
  return find(Kind::draw, range);
}
const runtime::ExecutableGraph& StepGraphs::draw_and_forward(SlotRange range) {
  return find(Kind::draw_and_forward, range);
}

runtime::CommandGraph StepGraphs::describe(const Key& key) const {
  switch (key.kind) {
    case Kind::first_token:
      return builder_.first_token(key.range.first, memory_);
    case Kind::prompt_head:
      return builder_.prompt_head(key.range.first);
    case Kind::step:
      return builder_.step(key.range, memory_);
    case Kind::forward:
      return builder_.forward(key.range);
    case Kind::draw_and_forward:
      return builder_.draw_and_forward(key.range, memory_);
    case Kind::draw:
      break;
  }
  return builder_.draw(key.range, memory_);
}

const runtime::ExecutableGraph& StepGraphs::find(Kind kind, SlotRange range) {
  const Key key{kind, range};
  auto found = recorded_.find(key);
  if (found == recorded_.end()) {
    found = recorded_.emplace(key, device_.record(describe(key))).first;
  }
  return found->second;
}

}  // namespace redbolt::llm
