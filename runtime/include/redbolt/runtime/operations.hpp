// What a transformer is made of, as operations appended to a CommandGraph. Each call checks its
// shapes (RuntimeError::invalid_argument names the operation and the field), picks the kernel and
// its launch geometry, and adds one dispatch (attention over a long cache and sampling: two).
//
// Conventions. Activations are float32, row-major [tokens][width], without gaps. Weights are
// row-major [rows][columns] in their GGML format. `capacity` is the largest number of tokens that a
// step may feed: with 1 the vector form is taken, which reads each weight once per token; with more
// the batched form, which decodes a tile of weights once per 32 tokens. How many tokens a step does
// feed, and at which position, is read from `state` (a StepState in device memory) when the kernel
// runs: rows of activations beyond StepState::tokens are neither read nor written. With
// StepRows::slots a step feeds one token of each of several sequences instead, and `state` is an
// array.
// Views may be larger than needed. Outputs must not overlap inputs, except `residual`, which may be
// the output itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "redbolt/runtime/command_graph.hpp"
#include "redbolt/runtime/rope.hpp"
#include "redbolt/runtime/step_state.hpp"
#include "redbolt/runtime/weight_type.hpp"

namespace redbolt::runtime {

struct WeightMatrix {
  BufferView data = {};
  WeightType type = WeightType::f32;
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;  // a multiple of the type's block_elements
};

// x * weight / sqrt(mean(x * x) + epsilon), applied to a row of activations.
struct RmsNormWeight {
  BufferView weight = {};  // float32 [width]
  float epsilon = 1e-6f;
};

// What the rows of activations are.
enum class StepRows : std::uint8_t {
  // Neighbouring tokens of one sequence: `state` is one StepState.
  sequence,
  // Row i is one token of the sequence states[i], while its `tokens` is not 0: `state` is
  // StepState [capacity], of at most max_step_slots. Other rows are neither read nor written.
  // Weights are read once for all rows.
  slots,
};
inline constexpr std::uint32_t max_step_slots = 32;

// Which rows of activations an operation takes.
enum class RowChoice : std::uint8_t {
  all,   // tokens 0 .. StepState::tokens - 1
  last,  // token StepState::tokens - 1 alone, written as row 0 (the vector form)
};

// output[t][:] = row tokens[t] of the table. An id beyond the table gives a row of zeros.
struct Embedding {
  WeightMatrix table = {};
  // u32 [capacity]; a decode graph views StepState::token. By slot: not used, the states have them.
  BufferView tokens = {};
  BufferView output = {};  // float32 [capacity][columns]
  BufferView state = {};
  std::uint32_t capacity = 1;
  StepRows step = StepRows::sequence;
};
void embedding(CommandGraph& graph, const Embedding& operation);

// One matrix of a Linear.
struct LinearPart {
  WeightMatrix weight = {};
  BufferView output = {};                   // float32 [capacity][rows]
  std::optional<BufferView> bias = {};      // float32 [rows]
  std::optional<BufferView> residual = {};  // float32 [capacity][rows], added; may be `output`
};

// output = W norm(input) + bias + residual, for one to three matrices over the same input (query,
// key and value in one dispatch). All parts have the same number of columns; types may differ.
struct Linear {
  std::vector<LinearPart> parts = {};
  BufferView input = {};  // float32 [capacity][columns]
  std::optional<RmsNormWeight> norm = {};
  BufferView state = {};
  std::uint32_t capacity = 1;
  RowChoice rows = RowChoice::all;  // last: `input` has `capacity` rows, outputs have one
  StepRows step = StepRows::sequence;
};
void linear(CommandGraph& graph, const Linear& operation);

// output = silu(gate norm(input)) * (up norm(input)). Both matrices have the same shape.
struct GatedLinear {
  WeightMatrix gate = {};
  WeightMatrix up = {};
  BufferView input = {};   // float32 [capacity][columns]
  BufferView output = {};  // float32 [capacity][rows]
  std::optional<RmsNormWeight> norm = {};
  BufferView state = {};
  std::uint32_t capacity = 1;
  StepRows step = StepRows::sequence;
};
void gated_linear(CommandGraph& graph, const GatedLinear& operation);

// How the KV cache holds its elements.
enum class CacheType : std::uint8_t {
  f16,
  q8_0,  // 8 bits each, and a float16 scale for every 32 of a row: 53 % of float16's size
};
std::string_view to_string(CacheType type);  // "f16", "q8_0"
std::optional<CacheType> find_cache_type(std::string_view name);

// The KV cache of one layer: rows of head_dimension elements
// [slots][key_value_heads][positions].
struct KeyValueCache {
  BufferView keys = {};
  BufferView values = {};
  std::uint32_t positions = 0;
  std::uint32_t key_value_heads = 0;
  std::uint32_t head_dimension = 0;  // a multiple of 8, 8 .. 256
  std::uint32_t slots = 1;           // sequences; StepState::slot says which
  CacheType type = CacheType::f16;

  static constexpr std::uint64_t row_bytes(std::uint64_t head_dimension, CacheType type) {
    if (type == CacheType::f16) return head_dimension * 2;
    const std::uint64_t scales = (head_dimension + 31) / 32;
    return (head_dimension + scales * 2 + 3) / 4 * 4;
  }
  // Of the keys of one slot, and again of its values.
  static constexpr std::uint64_t bytes(std::uint64_t positions, std::uint64_t key_value_heads,
                                       std::uint64_t head_dimension,
                                       CacheType type = CacheType::f16) {
    return positions * key_value_heads * row_bytes(head_dimension, type);
  }
};

// Normalises (where given) and rotates queries in place and keys on their way into the cache, and
// stores keys and values at positions StepState::position + t of the slot. Positions and slots
// beyond the cache are not stored.
struct RotaryStore {
  BufferView queries = {};  // float32 [capacity][query_heads * head_dimension], rewritten
  BufferView keys = {};     // float32 [capacity][key_value_heads * head_dimension]
  BufferView values = {};   // likewise
  KeyValueCache cache = {};
  std::uint32_t query_heads = 0;
  std::optional<RmsNormWeight> query_norm = {};  // one weight vector [head_dimension] for all heads
  std::optional<RmsNormWeight> key_norm = {};
  BufferView rope_frequencies = {};  // RopeTable::frequencies
  std::uint32_t rope_dimensions = 0;
  float rope_magnitude = 1;
  RopePairing pairing = RopePairing::neox;
  BufferView state = {};
  std::uint32_t capacity = 1;
  StepRows step = StepRows::sequence;
};
void rotary_store(CommandGraph& graph, const RotaryStore& operation);

// Causal attention of the step's tokens over the cache, which must hold their keys and values
// already. Query head h uses key/value head h / (query_heads / key_value_heads).
struct Attention {
  BufferView queries = {};  // float32 [capacity][query_heads * head_dimension]
  BufferView output = {};   // likewise
  KeyValueCache cache = {};
  std::uint32_t query_heads = 0;  // a multiple of key_value_heads
  float scale = 0;                // 0: 1 / sqrt(head_dimension)
  BufferView scratch = {};        // attention_scratch_bytes(...)
  BufferView state = {};
  std::uint32_t capacity = 1;
  StepRows step = StepRows::sequence;
};
void attention(CommandGraph& graph, const Attention& operation);
// What `scratch` needs at least; 0: none is used, and the view may be empty. Graphs of one sequence
// may share it.
std::uint64_t attention_scratch_bytes(std::uint32_t query_heads, std::uint32_t head_dimension,
                                      std::uint32_t positions, std::uint32_t capacity,
                                      StepRows step = StepRows::sequence);

// A root mean square norm on its own.
struct RmsNorm {
  BufferView input = {};   // float32 [capacity][width]
  BufferView output = {};  // likewise; may be the input
  RmsNormWeight norm = {};
  std::uint32_t width = 0;
  BufferView state = {};
  std::uint32_t capacity = 1;
};
void rms_norm(CommandGraph& graph, const RmsNorm& operation);

// output = a + b.
struct Add {
  BufferView a = {};  // float32 [capacity][width]
  BufferView b = {};
  BufferView output = {};  // may be a or b
  std::uint32_t width = 0;
  BufferView state = {};
  std::uint32_t capacity = 1;
};
void add(CommandGraph& graph, const Add& operation);

// Draws the next token of every slot whose StepState::tokens is not 0, each from its own row of
// logits, publishes it in the slot's ring and advances the slot's state: position += tokens,
// tokens = 1, or 0 with a stop reason. Two dispatches. Of everything that is per slot, slot i's
// part follows that of slot i - 1 without a gap, so a view of a part is an operation over these
// slots.
struct Sample {
  BufferView logits = {};  // float32 [slots][vocabulary]; NaN counts as the smallest
  std::uint32_t vocabulary = 0;
  std::uint32_t slots = 1;
  BufferView parameters = {};      // SamplingParameters [slots]
  BufferView scratch = {};         // sample_scratch_bytes(vocabulary, slots)
  BufferView ring = {};            // TokenRingEntry [slots][ring_entries] in shared memory
  std::uint32_t ring_entries = 0;  // a power of two: TokenRing::entries()
  BufferView state = {};           // StepState [slots]
  // Each of these is needed only if the parameters of a slot ask for what is in it; without it they
  // ask in vain.
  //
  // The tokens of a slot by position: u32 [slots][history_length]. The host writes those of the
  // prompt that the repeat penalty is to see, the kernel appends what it draws. Tokens at
  // history_length and beyond are not remembered.
  std::optional<BufferView> history = {};
  std::uint32_t history_length = 0;
  std::optional<BufferView> biases = {};    // LogitBias [slots][max_logit_biases]
  std::optional<BufferView> control = {};   // SlotControl [slots] in shared memory
  std::optional<BufferView> masks = {};     // u32 [slots][mask_words(vocabulary)], with `control`:
                                            // bit i % 32 of word i / 32 allows token i
  std::optional<BufferView> logprobs = {};  // TokenLogprobs [slots][ring_entries], shared memory
};
void sample(CommandGraph& graph, const Sample& operation);
std::uint64_t sample_scratch_bytes(std::uint32_t vocabulary, std::uint32_t slots = 1);
constexpr std::uint32_t mask_words(std::uint32_t vocabulary) {
  return vocabulary / 32 + (vocabulary % 32 != 0);
}

// output[r][:] = row r of the matrix in float32, every row: for tests and tools.
struct Dequantize {
  WeightMatrix weight = {};
  BufferView output = {};
};
void dequantize(CommandGraph& graph, const Dequantize& operation);

}  // namespace redbolt::runtime
