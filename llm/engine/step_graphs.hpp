// The command graphs of an engine with slots: recorded once, those of single slots when they are
// first needed.
//
// Belongs to the engine's thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/draw_memory.hpp"
#include "redbolt/llm/engine/loaded_model.hpp"
#include "redbolt/llm/model/graph.hpp"
#include "redbolt/runtime/device.hpp"

namespace redbolt::llm {

class StepGraphs {
 public:
  // Compiles all kernels. The references must outlive the object.
  StepGraphs(const LoadedModel& model, const DrawMemory& memory,
             const runtime::Device::LoadProgress& progress);

  const runtime::LoadReport& kernels() const { return kernels_; }

  // The slots that a step feeds when `first` to `last` are the outermost active ones: a single slot
  // alone, in the vector form; otherwise those from 0 to the next power of two.
  SlotRange range_of(std::uint32_t first, std::uint32_t last) const;

  // A chunk of a prompt, from the input area. tokens: how many it has.
  const runtime::ExecutableGraph& prefill(std::uint32_t tokens) const;
  // The slot's first token after the prompt's last chunk: logits and draw, or each alone.
  const runtime::ExecutableGraph& first_token(std::uint32_t slot);
  const runtime::ExecutableGraph& prompt_head(std::uint32_t slot);
  // A decode step: whole, or in two halves between which masks may be written; the second half may
  // be followed by the first of the next step.
  const runtime::ExecutableGraph& step(SlotRange range);
  const runtime::ExecutableGraph& forward(SlotRange range);
  const runtime::ExecutableGraph& draw(SlotRange range);
  const runtime::ExecutableGraph& draw_and_forward(SlotRange range);

 private:
  enum class Kind { first_token, prompt_head, step, forward, draw, draw_and_forward };
  struct Key {
    Kind kind;
    SlotRange range;
    auto operator<=>(const Key&) const = default;
  };
  struct Prefill {
    std::uint32_t capacity;
    runtime::ExecutableGraph graph;
  };
  runtime::CommandGraph describe(const Key& key) const;
  const runtime::ExecutableGraph& find(Kind kind, SlotRange range);

  runtime::Device& device_;
  std::uint32_t slots_;
  GraphBuilder builder_;
  DrawViews memory_;
  runtime::LoadReport kernels_;
  std::vector<Prefill> prefills_;  // the smallest first
  std::map<Key, runtime::ExecutableGraph> recorded_;
};

}  // namespace redbolt::llm
