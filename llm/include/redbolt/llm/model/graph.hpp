// The computations of a model as command graphs: one description of a decoder block, in its vector
// form for decode and its batched form for prefill.
#pragma once

#include <cstdint>
#include <optional>

#include "redbolt/llm/engine/memory_plan.hpp"
#include "redbolt/llm/model/config.hpp"
#include "redbolt/llm/model/weights.hpp"
#include "redbolt/runtime/buffer.hpp"
#include "redbolt/runtime/command_graph.hpp"
#include "redbolt/runtime/operations.hpp"

namespace redbolt::llm {

// Where a model's memory is. The views must outlive the graphs that are built on them.
struct ModelMemory {
  runtime::BufferView weights;   // ModelWeights::buffer_bytes()
  runtime::BufferView kv_cache;  // MemoryPlan::kv_cache
  runtime::BufferView scratch;   // ScratchLayout::total
};

// Where the host writes the tokens that a step feeds, from ScratchLayout::input on: a StepState,
// and behind it the tokens as 32-bit ids.
inline constexpr std::uint64_t kInputTokensOffset = 256;

// The memory of the host that draws use, for all slots from 0 on: see runtime::Sample.
struct DrawViews {
  runtime::BufferView rings;
  std::uint32_t ring_entries = 0;
  runtime::BufferView control, masks, logprobs;
};

// Consecutive slots.
struct SlotRange {
  std::uint32_t first = 0;
  std::uint32_t count = 1;
  auto operator<=>(const SlotRange&) const = default;
};

class GraphBuilder {
 public:
  // The references must outlive the builder.
  GraphBuilder(const ModelConfig& config, const ModelWeights& weights, const EngineShape& shape,
               const ModelMemory& memory, float rope_magnitude);

  // Feeds up to `tokens` (at most EngineShape::batch) from the input area to the slot that their
  // StepState names; leaves their hidden states.
  runtime::CommandGraph prefill(std::uint32_t tokens) const;
  // After prefill(): the logits of the last token fed, and a token drawn from them into the ring.
  runtime::CommandGraph first_token(const runtime::BufferView& ring,
                                    std::uint32_t ring_entries) const;
  // Feeds the token drawn last and draws the next; replayed once per token.
  runtime::CommandGraph decode(const runtime::BufferView& ring, std::uint32_t ring_entries) const;

  // The same for slots, whose states lie at ScratchLayout::slot_states. After prefill(): the logits
  // of the last token fed become the slot's, and its first token is drawn from them.
  runtime::CommandGraph first_token(std::uint32_t slot, const DrawViews& views) const;
  runtime::CommandGraph prompt_head(std::uint32_t slot) const;  // the logits alone
  // Feeds the last token of each active slot of the range and draws the next, or one of the two.
  runtime::CommandGraph step(SlotRange slots, const DrawViews& views) const;
  runtime::CommandGraph forward(SlotRange slots) const;
  runtime::CommandGraph draw(SlotRange slots, const DrawViews& views) const;
  // A draw, and the next step's logits.
  runtime::CommandGraph draw_and_forward(SlotRange slots, const DrawViews& views) const;

  // After prefill(): the logits of the last token fed, or of all of them.
  runtime::CommandGraph logits(runtime::RowChoice rows) const;
  // Feeds StepState::token alone and computes its logits, as decode does, but draws no token.
  runtime::CommandGraph step_logits() const;

 private:
  runtime::BufferView scratch(std::uint64_t offset, std::uint64_t bytes) const;
  runtime::BufferView activations(std::uint64_t offset, std::uint64_t width) const;
  runtime::BufferView weight(const PlacedTensor& tensor) const;
  runtime::WeightMatrix matrix(const PlacedTensor& tensor) const;
  runtime::RmsNormWeight norm(const PlacedTensor& tensor) const;
  runtime::LinearPart projection(const PlacedTensor& tensor, const runtime::BufferView& output,
                                 const std::optional<PlacedTensor>& bias) const;
  runtime::KeyValueCache cache(std::uint32_t layer) const;

  // What the rows of a step are.
  struct Form {
    runtime::BufferView state;
    std::uint32_t capacity = 1;
    runtime::StepRows step = runtime::StepRows::sequence;
  };
  Form sequence(std::uint32_t capacity) const { return {.state = state_, .capacity = capacity}; }
  Form slots(SlotRange range) const;
  // A part of what is there once per slot, from ScratchLayout's offset on.
  runtime::BufferView of_slots(std::uint64_t offset, std::uint64_t bytes_each,
                               SlotRange range) const;
  runtime::BufferView logits_of(SlotRange range) const;

  void add_embedding(runtime::CommandGraph& graph, const runtime::BufferView& tokens,
                     const Form& form) const;
  void add_layers(runtime::CommandGraph& graph, const Form& form) const;
  void add_attention(runtime::CommandGraph& graph, std::uint32_t layer, const Form& form) const;
  void add_feed_forward(runtime::CommandGraph& graph, std::uint32_t layer, const Form& form) const;
  void add_head(runtime::CommandGraph& graph, runtime::RowChoice rows, const Form& form,
                const runtime::BufferView& logits) const;
  void add_forward(runtime::CommandGraph& graph, SlotRange range) const;
  void add_draw(runtime::CommandGraph& graph, SlotRange range, const DrawViews& views) const;
  void add_sample(runtime::CommandGraph& graph, const runtime::BufferView& ring,
                  std::uint32_t ring_entries) const;

  const ModelConfig& config_;
  const ModelWeights& weights_;
  EngineShape shape_;
  ModelMemory memory_;
  ScratchLayout layout_;
  float rope_magnitude_;
  // The areas of the scratch buffer by what they hold.
  runtime::BufferView state_, tokens_, hidden_, query_, key_, value_, attended_, feed_forward_,
      logits_;
};

}  // namespace redbolt::llm
