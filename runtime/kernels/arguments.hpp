// The argument blocks of the kernels, written once for the host, which fills them, and for the
// device, which reads them. Pointers are 8 bytes on both sides; on the host they stay zero and the
// daemon puts addresses there.
#pragma once

#include <cstdint>

#include "redbolt/runtime/step_state.hpp"

namespace redbolt::kernels {

#ifdef __HIP__
template <class T>
using Argument = __attribute__((address_space(1))) T*;
#else
template <class T>
using Argument = std::uint64_t;
#endif

using runtime::LogitBias;
using runtime::SamplingParameters;
using runtime::SlotControl;
using runtime::StepState;
using runtime::StopReason;
using runtime::TokenLogprobs;
using runtime::TokenRingEntry;

struct EmbeddingArguments {
  Argument<const std::uint8_t> table;
  Argument<const std::uint32_t> tokens;  // null: StepState::token of each row
  Argument<float> output;
  Argument<const StepState> state;
  std::uint32_t rows;
  std::uint32_t reserved;
};

struct DequantizeArguments {
  Argument<const std::uint8_t> weights;
  Argument<float> output;
};

inline constexpr std::uint32_t max_linear_parts = 3;

struct LinearPartArguments {
  Argument<const std::uint8_t> weights;
  Argument<float> output;
  Argument<const float> bias;      // null: none
  Argument<const float> residual;  // null: none
  std::uint32_t rows;
  std::uint32_t type_slot;    // which of the constants type_0..2
  std::uint32_t first_group;  // workgroups (x) before this part
  std::uint32_t reserved;
};

struct LinearArguments {
  LinearPartArguments parts[max_linear_parts];
  Argument<const float> input;
  Argument<const float> norm;  // used if the constant `normalise` is set
  Argument<const StepState> state;
  std::uint32_t part_count;
  float epsilon;
  std::uint32_t capacity;  // states, where the constant `by_slot` is set
  std::uint32_t reserved;
};

struct GatedLinearArguments {
  Argument<const std::uint8_t> gate;
  Argument<const std::uint8_t> up;
  Argument<float> output;
  Argument<const float> input;
  Argument<const float> norm;
  Argument<const StepState> state;
  std::uint32_t rows;
  float epsilon;
  std::uint32_t capacity;  // states, where the constant `by_slot` is set
  std::uint32_t reserved;
};

struct RmsNormArguments {
  Argument<const float> input;
  Argument<float> output;
  Argument<const float> weight;
  Argument<const StepState> state;
  std::uint32_t width;
  float epsilon;
};

struct AddArguments {
  Argument<const float> a;
  Argument<const float> b;
  Argument<float> output;
  Argument<const StepState> state;
  std::uint32_t width;
  std::uint32_t reserved;
};

struct RopeFrequencyEntry {
  float high;
  float low;
};

struct RotaryStoreArguments {
  Argument<float> queries;
  Argument<const float> keys;
  Argument<const float> values;
  Argument<std::uint8_t> key_cache;    // rows as in cache_row.hpp
  Argument<std::uint8_t> value_cache;  // likewise
  Argument<const RopeFrequencyEntry> frequencies;
  Argument<const float> query_norm;  // null: none
  Argument<const float> key_norm;    // null: none
  Argument<const StepState> state;
  std::uint32_t query_heads;
  std::uint32_t key_value_heads;
  std::uint32_t positions;
  std::uint32_t slots;
  float magnitude;
  float query_epsilon;
  float key_epsilon;
  std::uint32_t reserved;
};

struct AttentionArguments {
  Argument<const float> queries;
  Argument<float> output;
  Argument<const std::uint8_t> key_cache;
  Argument<const std::uint8_t> value_cache;
  Argument<float> partials;  // [row][query_heads][splits][head_dimension + 2], split form only
  Argument<const StepState> state;
  std::uint32_t query_heads;
  std::uint32_t key_value_heads;
  std::uint32_t positions;
  std::uint32_t slots;
  float scale;  // includes log2(e)
  std::uint32_t reserved;
};

struct AttentionCombineArguments {
  Argument<const float> partials;
  Argument<float> output;
  Argument<const StepState> state;
  std::uint32_t query_heads;
  std::uint32_t splits;
};

// The best logit of a slice of the vocabulary.
struct SamplePartial {
  std::uint32_t key;  // order-preserving image of the logit
  std::uint32_t token;
};

struct SampleCandidate {
  std::uint32_t key;
  std::uint32_t token;
};

// Per slot, one after the other: everything but the counts. Null: not there.
struct SampleReduceArguments {
  Argument<const float> logits;
  Argument<SamplePartial> partials;  // [partial_count]
  Argument<std::uint32_t> keys;      // [vocabulary], of the logits after bias, penalties and mask
  Argument<const SamplingParameters> parameters;
  Argument<const std::uint32_t> history;  // [history_length]
  Argument<const LogitBias> biases;       // [max_logit_biases]
  Argument<const SlotControl> control;
  Argument<const std::uint32_t> masks;  // [mask_words]
  Argument<const StepState> state;
  std::uint32_t vocabulary;
  std::uint32_t partial_count;
  std::uint32_t history_length;
  std::uint32_t mask_words;
};

struct SampleArguments {
  Argument<const float> logits;
  Argument<const SamplePartial> partials;
  Argument<const std::uint32_t> keys;
  Argument<SampleCandidate> candidates;  // [vocabulary]
  Argument<const SamplingParameters> parameters;
  Argument<TokenRingEntry> ring;     // [ring_entries]
  Argument<TokenLogprobs> logprobs;  // [ring_entries]
  Argument<std::uint32_t> history;
  Argument<const SlotControl> control;
  Argument<StepState> state;
  std::uint32_t vocabulary;
  std::uint32_t partial_count;
  std::uint32_t ring_entries;
  std::uint32_t history_length;
};

}  // namespace redbolt::kernels
