#include "redbolt/llm/model/graph.hpp"

#include <algorithm>
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
  return scratch(offset, std::max(shape_.batch, shape_.slots) * width * sizeof(float));
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
  const Bytes half(cache_bytes_per_layer(config_, shape_));
  const Bytes start = half * (2 * std::uint64_t{layer});
  return {memory_.kv_cache.part(start, half),
          memory_.kv_cache.part(start + half, half),
          shape_.context,
          config_.key_value_heads,
          config_.head_dimension,
          shape_.slots,
          shape_.cache_type};
}

void GraphBuilder::add_embedding(CommandGraph& graph, const BufferView& tokens,
                                 const Form& form) const {
  runtime::embedding(graph, {.table = matrix(weights_.embedding()),
                             .tokens = tokens,
                             .output = hidden_,
                             .state = form.state,
                             .capacity = form.capacity,
                             .step = form.step});
}

void GraphBuilder::add_layers(CommandGraph& graph, const Form& form) const {
  for (std::uint32_t layer = 0; layer < config_.layers; ++layer) {
    add_attention(graph, layer, form);
    add_feed_forward(graph, layer, form);
  }
}

void GraphBuilder::add_attention(CommandGraph& graph, std::uint32_t layer, const Form& form) const {
  const LayerWeights& weights = weights_.layers()[layer];
  runtime::linear(graph, {.parts = {projection(weights.query, query_, weights.query_bias),
                                    projection(weights.key, key_, weights.key_bias),
                                    projection(weights.value, value_, weights.value_bias)},
                          .input = hidden_,
                          .norm = norm(weights.attention_norm),
                          .state = form.state,
                          .capacity = form.capacity,
                          .step = form.step});
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
      .state = form.state,
      .capacity = form.capacity,
      .step = form.step};
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
              .state = form.state,
              .capacity = form.capacity,
              .step = form.step});
  runtime::linear(graph,
                  {.parts = {{matrix(weights.attention_output), hidden_, std::nullopt, hidden_}},
                   .input = attended_,
                   .norm = std::nullopt,
                   .state = form.state,
                   .capacity = form.capacity,
                   .step = form.step});
}

void GraphBuilder::add_feed_forward(CommandGraph& graph, std::uint32_t layer,
                                    const Form& form) const {
  const LayerWeights& weights = weights_.layers()[layer];
  runtime::gated_linear(graph, {.gate = matrix(weights.gate),
                                .up = matrix(weights.up),
                                .input = hidden_,
                                .output = feed_forward_,
                                .norm = norm(weights.feed_forward_norm),
                                .state = form.state,
                                .capacity = form.capacity,
                                .step = form.step});
  runtime::linear(graph, {.parts = {{matrix(weights.down), hidden_, std::nullopt, hidden_}},
                          .input = feed_forward_,
                          .norm = std::nullopt,
                          .state = form.state,
                          .capacity = form.capacity,
                          .step = form.step});
}

void GraphBuilder::add_head(CommandGraph& graph, RowChoice rows, const Form& form,
                            const BufferView& logits) const {
  runtime::linear(graph,
                  {.parts = {{matrix(weights_.output()), logits, std::nullopt, std::nullopt}},
                   .input = hidden_,
                   .norm = norm(weights_.output_norm()),
                   .state = form.state,
                   .capacity = form.capacity,
                   .rows = rows,
                   .step = form.step});
}

GraphBuilder::Form GraphBuilder::slots(SlotRange range) const {
  return {of_slots(layout_.slot_states, sizeof(runtime::StepState), range), range.count,
          runtime::StepRows::slots};
}

BufferView GraphBuilder::of_slots(std::uint64_t offset, std::uint64_t bytes_each,
                                  SlotRange range) const {
  return scratch(offset + range.first * bytes_each, range.count * bytes_each);
}

BufferView GraphBuilder::logits_of(SlotRange range) const {
  return of_slots(layout_.logits, config_.vocabulary * sizeof(float), range);
}

void GraphBuilder::add_forward(CommandGraph& graph, SlotRange range) const {
  const Form form = slots(range);
  add_embedding(graph, {}, form);
  add_layers(graph, form);
  add_head(graph, RowChoice::all, form, logits_of(range));
}

void GraphBuilder::add_draw(CommandGraph& graph, SlotRange range, const DrawViews& views) const {
  const auto part = [&](const BufferView& all, std::uint64_t bytes_each) {
    return all.part(Bytes(range.first * bytes_each), Bytes(range.count * bytes_each));
  };
  const std::uint64_t history = std::uint64_t{shape_.context} * sizeof(std::uint32_t);
  const std::uint64_t ring = views.ring_entries;
  runtime::sample(
      graph,
      {.logits = logits_of(range),
       .vocabulary = config_.vocabulary,
       .slots = range.count,
       .parameters =
           of_slots(layout_.sampling_parameters, sizeof(runtime::SamplingParameters), range),
       .scratch = scratch(layout_.sample_scratch, layout_.sample_scratch_bytes),
       .ring = part(views.rings, ring * sizeof(runtime::TokenRingEntry)),
       .ring_entries = views.ring_entries,
       .state = slots(range).state,
       .history = of_slots(layout_.token_history, history, range),
       .history_length = shape_.context,
       .biases = of_slots(layout_.logit_biases,
                          runtime::max_logit_biases * sizeof(runtime::LogitBias), range),
       .control = part(views.control, sizeof(runtime::SlotControl)),
       .masks = part(views.masks, runtime::mask_words(config_.vocabulary) * sizeof(std::uint32_t)),
       .logprobs = part(views.logprobs, ring * sizeof(runtime::TokenLogprobs))});
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

CommandGraph GraphBuilder::prefill(std::uint32_t tokens) const {
  CommandGraph graph("prefill");
  add_embedding(graph, tokens_, sequence(tokens));
  add_layers(graph, sequence(tokens));
  return graph;
}

CommandGraph GraphBuilder::prompt_head(std::uint32_t slot) const {
  CommandGraph graph("prompt head");
  add_head(graph, RowChoice::last, sequence(shape_.batch), logits_of({slot, 1}));
  return graph;
}

CommandGraph GraphBuilder::first_token(std::uint32_t slot, const DrawViews& views) const {
  CommandGraph graph = prompt_head(slot);
  add_draw(graph, {slot, 1}, views);
  return graph;
}

CommandGraph GraphBuilder::forward(SlotRange range) const {
  CommandGraph graph("forward");
  add_forward(graph, range);
  return graph;
}

CommandGraph GraphBuilder::draw(SlotRange range, const DrawViews& views) const {
  CommandGraph graph("draw");
  add_draw(graph, range, views);
  return graph;
}

CommandGraph GraphBuilder::draw_and_forward(SlotRange range, const DrawViews& views) const {
  CommandGraph graph("draw and forward");
  add_draw(graph, range, views);
  add_forward(graph, range);
  return graph;
}

CommandGraph GraphBuilder::step(SlotRange range, const DrawViews& views) const {
  CommandGraph graph("step");
  add_forward(graph, range);
  add_draw(graph, range, views);
  return graph;
}

CommandGraph GraphBuilder::first_token(const BufferView& ring, std::uint32_t ring_entries) const {
  CommandGraph graph("first token");
  add_head(graph, RowChoice::last, sequence(shape_.batch), logits_);
  add_sample(graph, ring, ring_entries);
  return graph;
}

CommandGraph GraphBuilder::decode(const BufferView& ring, std::uint32_t ring_entries) const {
  CommandGraph graph("decode");
  add_embedding(
      graph, state_.part(Bytes(offsetof(runtime::StepState, token)), Bytes(sizeof(std::uint32_t))),
      sequence(1));
  add_layers(graph, sequence(1));
  add_head(graph, RowChoice::last, sequence(1), logits_);
  add_sample(graph, ring, ring_entries);
  return graph;
}

CommandGraph GraphBuilder::logits(RowChoice rows) const {
  CommandGraph graph("logits");
  add_head(graph, rows, sequence(shape_.batch), logits_);
  return graph;
}

CommandGraph GraphBuilder::step_logits() const {
  CommandGraph graph("step logits");
  add_embedding(
      graph, state_.part(Bytes(offsetof(runtime::StepState, token)), Bytes(sizeof(std::uint32_t))),
      sequence(1));
  add_layers(graph, sequence(1));
  add_head(graph, RowChoice::last, sequence(1), logits_);
  return graph;
}

}  // namespace redbolt::llm
