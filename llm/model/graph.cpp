#include "redbolt/llm/model/graph.hpp"

#include <cstddef>

namespace redbolt::llm {

using runtime::BufferView;
using runtime::CommandGraph;
using runtime::RowChoice;

GraphBuilder::GraphBuilder(const ModelConfig& config, const ModelWeights& weights,
                           const EngineShape& shape, const ModelMemory& memory,
                           float rope_magnitude)
    : config_(config),
      weights_(weights),
      shape_(shape),
      memory_(memory),
      layout_(plan_scratch(config, shape)),
      rope_magnitude_(rope_magnitude),
      state_(scratch(layout_.input, sizeof(runtime::StepState))),
      tokens_(scratch(layout_.input + kInputTokensOffset, shape.batch * sizeof(std::uint32_t))),
      hidden_(activations(layout_.hidden, config.embedding)),
      query_(activations(layout_.query, config.query_width())),
      key_(activations(layout_.key, config.key_value_width())),
      value_(activations(layout_.value, config.key_value_width())),
      attended_(activations(layout_.attended, config.query_width())),
      feed_forward_(activations(layout_.feed_forward, config.feed_forward)),
      logits_(scratch(layout_.logits, layout_.logits_bytes)) {}

BufferView GraphBuilder::scratch(std::uint64_t offset, std::uint64_t bytes) const {
  return memory_.scratch.part(Bytes(offset), Bytes(bytes));
}

BufferView GraphBuilder::activations(std::uint64_t offset, std::uint64_t width) const {
  return scratch(offset, shape_.batch * width * sizeof(float));
}

BufferView GraphBuilder::weight(const PlacedTensor& tensor) const {
  return memory_.weights.part(Bytes(tensor.offset), Bytes(tensor.bytes));
}

runtime::WeightMatrix GraphBuilder::matrix(const PlacedTensor& tensor) const {
  return {weight(tensor), tensor.type, tensor.rows, tensor.columns};
}

runtime::RmsNormWeight GraphBuilder::norm(const PlacedTensor& tensor) const {
  return {weight(tensor), config_.rms_epsilon};
}

runtime::LinearPart GraphBuilder::projection(const PlacedTensor& tensor, const BufferView& output,
                                             const std::optional<PlacedTensor>& bias) const {
  runtime::LinearPart part{matrix(tensor), output, std::nullopt, std::nullopt};
  if (bias) part.bias = weight(*bias);
  return part;
}

runtime::KeyValueCache GraphBuilder::cache(std::uint32_t layer) const {
  const Bytes half(cache_bytes_per_layer(config_, shape_.context));
  const Bytes start = half * (2 * std::uint64_t{layer});
  return {memory_.kv_cache.part(start, half), memory_.kv_cache.part(start + half, half),
          shape_.context, config_.key_value_heads, config_.head_dimension};
}

void GraphBuilder::add_embedding(CommandGraph& graph, const BufferView& tokens,
                                 std::uint32_t capacity) const {
  runtime::embedding(graph, {.table = matrix(weights_.embedding()),
                             .tokens = tokens,
                             .output = hidden_,
                             .state = state_,
                             .capacity = capacity});
}

void GraphBuilder::add_layers(CommandGraph& graph, std::uint32_t capacity) const {
  for (std::uint32_t layer = 0; layer < config_.layers; ++layer) {
    add_attention(graph, layer, capacity);
    add_feed_forward(graph, layer, capacity);
  }
}

void GraphBuilder::add_attention(CommandGraph& graph, std::uint32_t layer,
                                 std::uint32_t capacity) const {
  const LayerWeights& weights = weights_.layers()[layer];
  runtime::linear(graph, {.parts = {projection(weights.query, query_, weights.query_bias),
                                    projection(weights.key, key_, weights.key_bias),
                                    projection(weights.value, value_, weights.value_bias)},
                          .input = hidden_,
                          .norm = norm(weights.attention_norm),
                          .state = state_,
                          .capacity = capacity});
  runtime::RotaryStore store{
      .queries = query_,
      .keys = key_,
      .values = value_,
      .cache = cache(layer),
      .query_heads = config_.heads,
      .query_norm = std::nullopt,
      .key_norm = std::nullopt,
      .rope_frequencies = scratch(layout_.rope_table, layout_.rope_table_bytes),
      .rope_dimensions = config_.rope.dimensions,
      .rope_magnitude = rope_magnitude_,
      .pairing = config_.architecture->rope_pairing,
      .state = state_,
      .capacity = capacity};
  if (weights.query_norm) store.query_norm = norm(*weights.query_norm);
  if (weights.key_norm) store.key_norm = norm(*weights.key_norm);
  runtime::rotary_store(graph, store);
  runtime::attention(
      graph, {.queries = query_,
              .output = attended_,
              .cache = cache(layer),
              .query_heads = config_.heads,
              .scale = 0,
              .scratch = scratch(layout_.attention_scratch, layout_.attention_scratch_bytes),
              .state = state_,
              .capacity = capacity});
  runtime::linear(graph,
                  {.parts = {{matrix(weights.attention_output), hidden_, std::nullopt, hidden_}},
                   .input = attended_,
                   .norm = std::nullopt,
                   .state = state_,
                   .capacity = capacity});
}

void GraphBuilder::add_feed_forward(CommandGraph& graph, std::uint32_t layer,
                                    std::uint32_t capacity) const {
  const LayerWeights& weights = weights_.layers()[layer];
  runtime::gated_linear(graph, {.gate = matrix(weights.gate),
                                .up = matrix(weights.up),
                                .input = hidden_,
                                .output = feed_forward_,
                                .norm = norm(weights.feed_forward_norm),
                                .state = state_,
                                .capacity = capacity});
  runtime::linear(graph, {.parts = {{matrix(weights.down), hidden_, std::nullopt, hidden_}},
                          .input = feed_forward_,
                          .norm = std::nullopt,
                          .state = state_,
                          .capacity = capacity});
}

void GraphBuilder::add_head(CommandGraph& graph, RowChoice rows, std::uint32_t capacity) const {
  runtime::linear(graph,
                  {.parts = {{matrix(weights_.output()), logits_, std::nullopt, std::nullopt}},
                   .input = hidden_,
                   .norm = norm(weights_.output_norm()),
                   .state = state_,
                   .capacity = capacity,
                   .rows = rows});
}

void GraphBuilder::add_sample(CommandGraph& graph, const BufferView& ring,
                              std::uint32_t ring_entries) const {
  runtime::sample(
      graph,
      {.logits = logits_,
       .vocabulary = config_.vocabulary,
       .parameters = scratch(layout_.sampling_parameters, sizeof(runtime::SamplingParameters)),
       .scratch = scratch(layout_.sample_scratch, layout_.sample_scratch_bytes),
       .ring = ring,
       .ring_entries = ring_entries,
       .state = state_,
       .history = scratch(layout_.token_history, layout_.token_history_bytes),
       .history_length = shape_.context,
       .biases =
           scratch(layout_.logit_biases, runtime::max_logit_biases * sizeof(runtime::LogitBias))});
}

CommandGraph GraphBuilder::prefill() const {
  CommandGraph graph("prefill");
  add_embedding(graph, tokens_, shape_.batch);
  add_layers(graph, shape_.batch);
  return graph;
}

CommandGraph GraphBuilder::first_token(const BufferView& ring, std::uint32_t ring_entries) const {
  CommandGraph graph("first token");
  add_head(graph, RowChoice::last, shape_.batch);
  add_sample(graph, ring, ring_entries);
  return graph;
}

CommandGraph GraphBuilder::decode(const BufferView& ring, std::uint32_t ring_entries) const {
  CommandGraph graph("decode");
  add_embedding(
      graph, state_.part(Bytes(offsetof(runtime::StepState, token)), Bytes(sizeof(std::uint32_t))),
      1);
  add_layers(graph, 1);
  add_head(graph, RowChoice::last, 1);
  add_sample(graph, ring, ring_entries);
  return graph;
}

CommandGraph GraphBuilder::logits(RowChoice rows) const {
  CommandGraph graph("logits");
  add_head(graph, rows, shape_.batch);
  return graph;
}

CommandGraph GraphBuilder::step_logits() const {
  CommandGraph graph("step logits");
  add_embedding(
      graph, state_.part(Bytes(offsetof(runtime::StepState, token)), Bytes(sizeof(std::uint32_t))),
      1);
  add_layers(graph, 1);
  add_head(graph, RowChoice::last, 1);
  return graph;
}

}  // namespace redbolt::llm
