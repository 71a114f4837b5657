// How much of the card's memory a model needs at a given context, and the decision, before anything
// is loaded, whether it fits.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "redbolt/base/quantity.hpp"
#include "redbolt/llm/model/config.hpp"
#include "redbolt/llm/model/weights.hpp"
#include "redbolt/runtime/operations.hpp"

namespace redbolt::llm {

inline constexpr std::uint32_t kMaximumContext = 1 << 24;
inline constexpr std::uint32_t kDefaultBatch = 128;
inline constexpr std::uint32_t kMaximumSlots = 32;  // that one step feeds
// Without a --ctx: what the model was trained for, but no more than this.
inline constexpr std::uint32_t kDefaultContext = 4096;

// What besides the model decides the memory.
struct EngineShape {
  std::uint32_t context = kDefaultContext;  // positions of the KV cache, 1 .. kMaximumContext
  std::uint32_t batch = kDefaultBatch;      // tokens that one prefill step feeds
  bool all_logits = false;                  // room for the logits of a whole batch
  std::uint32_t slots = 1;  // sequences, each with a context of its own: 1 .. kMaximumSlots
  runtime::CacheType cache_type = runtime::CacheType::f16;
};

// The context used when none is asked for.
std::uint32_t default_context(const ModelConfig& config);

// Buffers of activations and state, in bytes; each starts on a multiple of 256.
struct ScratchLayout {
  // Offsets in the scratch buffer.
  std::uint64_t input, hidden, query, key, value, attended, feed_forward, logits;
  std::uint64_t attention_scratch, sample_scratch, sampling_parameters, logit_biases, token_history,
      slot_states, rope_table;
  // Sizes of those that are not simply [max(batch, slots)][width] float32.
  std::uint64_t input_bytes, logits_bytes, attention_scratch_bytes, sample_scratch_bytes,
      token_history_bytes, rope_table_bytes;
  std::uint64_t total;
};
ScratchLayout plan_scratch(const ModelConfig& config, const EngineShape& shape);

// Bytes of one layer's keys, or of its values, of all slots.
std::uint64_t cache_bytes_per_layer(const ModelConfig& config, const EngineShape& shape);

struct MemoryPlan {
  Bytes weights;
  Bytes kv_cache;
  Bytes scratch;  // activations, logits, state, and the kernels' code
  Bytes total() const { return weights + kv_cache + scratch; }
};

MemoryPlan plan_memory(const ModelConfig& config, Bytes weights, const EngineShape& shape);

// The largest context that fits into `available` bytes; nothing when not even one position does.
std::optional<std::uint32_t> largest_context(const ModelConfig& config, Bytes weights,
                                             EngineShape shape, Bytes available);

// Throws LlmError{does_not_fit} that says what each part needs and which context would fit.
// available: what is free, and what would be freed if it were needed. weights_resident: they are on
// the card already, and take none of it.
void admit(const ModelConfig& config, Bytes weights, const EngineShape& shape, Bytes available,
           bool weights_resident = false);

// One of several models that are to be on the card at once.
struct PlannedModel {
  std::string name;  // as errors call it
  const ModelConfig& config;
  Bytes weights;
  EngineShape shape;
  bool weights_resident = false;
};

// The same for all of them together: the error names the first that does not fit beside those
// before it, says how much is missing, and with what all of them would fit.
void admit_together(std::span<const PlannedModel> models, Bytes available);

}  // namespace redbolt::llm
