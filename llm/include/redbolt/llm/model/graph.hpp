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

class GraphBuilder {
 public:
  // The references must outlive the builder.
  GraphBuilder(const ModelConfig& config, const ModelWeights& weights, const EngineShape& shape,
               const ModelMemory& memory, float rope_magnitude);

  // Feeds up to EngineShape::batch tokens from the input area; leaves their hidden states.
  runtime::CommandGraph prefill() const;
  // After prefill(): the logits of the last token fed, and a token drawn from them into the ring.
  runtime::CommandGraph first_token(const runtime::BufferView& ring,
                                    std::uint32_t ring_entries) const;
  // Feeds the token drawn last and draws the next; replayed once per token.
  runtime::CommandGraph decode(const runtime::BufferView& ring, std::uint32_t ring_entries) const;

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

  void add_embedding(runtime::CommandGraph& graph, const runtime::BufferView& tokens,
                     std::uint32_t capacity) const;
  void add_layers(runtime::CommandGraph& graph, std::uint32_t capacity) const;
  void add_attention(runtime::CommandGraph& graph, std::uint32_t layer,
                     std::uint32_t capacity) const;
  void add_feed_forward(runtime::CommandGraph& graph, std::uint32_t layer,
                        std::uint32_t capacity) const;
  void add_head(runtime::CommandGraph& graph, runtime::RowChoice rows,
                std::uint32_t capacity) const;
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
