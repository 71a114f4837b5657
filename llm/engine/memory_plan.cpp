#include "redbolt/llm/engine/memory_plan.hpp"

#include <algorithm>
#include <string>

#include "redbolt/base/checked.hpp"
#include "redbolt/llm/error.hpp"
#include "support/printable.hpp"

namespace redbolt::llm {
namespace {

constexpr std::uint64_t kAlignment = 256;
// Machine code of a whole model's kernels, with room to spare.
constexpr std::uint64_t kKernelCode = 8 << 20;

// Hands out consecutive ranges of one buffer.
class Layout {
 public:
  std::uint64_t take(std::uint64_t bytes) {
    const std::uint64_t offset = end_;
    end_ = (end_ + bytes + kAlignment - 1) / kAlignment * kAlignment;
    return offset;
  }
  std::uint64_t end() const { return end_; }

 private:
  std::uint64_t end_ = 0;
};

std::string sequences(std::uint32_t slots) {
  if (slots == 1) return "";
  std::string text = std::to_string(slots);
  text += " slots, each with ";
  return text;
}

// The smaller cache, if that is all it takes.
std::string smaller_cache(const ModelConfig& config, Bytes weights, EngineShape shape,
                          Bytes available) {
  if (shape.cache_type == runtime::CacheType::q8_0) return "";
  shape.cache_type = runtime::CacheType::q8_0;
  if (plan_memory(config, weights, shape).total() > available) return "";
  return "; with --cache-type q8_0 this one would";
}

std::string part(const char* name, Bytes bytes) {
  return std::string(name) + " " + grouped(bytes.count()) + " bytes (" +
         human_bytes(bytes.count()) + ")";
}

}  // namespace

std::uint32_t default_context(const ModelConfig& config) {
  return std::min(config.context_length, kDefaultContext);
}

ScratchLayout plan_scratch(const ModelConfig& config, const EngineShape& shape) {
  // Every factor is bounded by read_model_config and the limits above: products stay below 2^63.
  const std::uint64_t batch = shape.batch;
  const std::uint64_t slots = shape.slots;
  const std::uint64_t rows = std::max(batch, slots);
  const auto activations = [&](std::uint64_t width) { return rows * width * sizeof(float); };
  ScratchLayout plan{};
  Layout layout;
  plan.input_bytes = kAlignment + batch * sizeof(std::uint32_t);
  plan.logits_bytes = (shape.all_logits ? rows : slots) * config.vocabulary * sizeof(float);
  plan.attention_scratch_bytes =
      std::max(runtime::attention_scratch_bytes(config.heads, config.head_dimension, shape.context,
                                                shape.slots, runtime::StepRows::slots),
               runtime::attention_scratch_bytes(config.heads, config.head_dimension, shape.context,
                                                shape.batch));
  plan.sample_scratch_bytes = runtime::sample_scratch_bytes(config.vocabulary, shape.slots);
  plan.token_history_bytes = slots * shape.context * sizeof(std::uint32_t);
  plan.rope_table_bytes = config.rope.dimensions / 2 * sizeof(runtime::RopeFrequency);
  plan.input = layout.take(plan.input_bytes);
  plan.hidden = layout.take(activations(config.embedding));
  plan.query = layout.take(activations(config.query_width()));
  plan.key = layout.take(activations(config.key_value_width()));
  plan.value = layout.take(activations(config.key_value_width()));
  plan.attended = layout.take(activations(config.query_width()));
  plan.feed_forward = layout.take(activations(config.feed_forward));
  plan.logits = layout.take(plan.logits_bytes);
  plan.attention_scratch = layout.take(plan.attention_scratch_bytes);
  plan.sample_scratch = layout.take(plan.sample_scratch_bytes);
  plan.sampling_parameters = layout.take(slots * sizeof(runtime::SamplingParameters));
  plan.logit_biases = layout.take(slots * runtime::max_logit_biases * sizeof(runtime::LogitBias));
  plan.token_history = layout.take(plan.token_history_bytes);
  plan.slot_states = layout.take(slots * sizeof(runtime::StepState));
  plan.rope_table = layout.take(plan.rope_table_bytes);
  plan.total = layout.end();
  return plan;
}

std::uint64_t cache_bytes_per_layer(const ModelConfig& config, const EngineShape& shape) {
  const std::uint64_t bytes =
      shape.slots * runtime::KeyValueCache::bytes(shape.context, config.key_value_heads,
                                                  config.head_dimension, shape.cache_type);
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

MemoryPlan plan_memory(const ModelConfig& config, Bytes weights, const EngineShape& shape) {
  MemoryPlan plan;
  plan.weights = weights;
  plan.kv_cache = Bytes(cache_bytes_per_layer(config, shape) * 2 * config.layers);
  plan.scratch = Bytes(plan_scratch(config, shape).total + kKernelCode);
  return plan;
}

std::optional<std::uint32_t> largest_context(const ModelConfig& config, Bytes weights,
                                             EngineShape shape, Bytes available) {
  std::uint32_t fits = 0;
  std::uint32_t too_large = kMaximumContext + 1;
  while (too_large - fits > 1) {
    const std::uint32_t middle = fits + (too_large - fits) / 2;
    shape.context = middle;
    (plan_memory(config, weights, shape).total() <= available ? fits : too_large) = middle;
  }
  if (fits == 0) return std::nullopt;
  return fits;
}

void admit(const ModelConfig& config, Bytes weights, const EngineShape& shape, Bytes available,
           bool weights_resident) {
  if (weights_resident) available += weights;
  const MemoryPlan plan = plan_memory(config, weights, shape);
  if (plan.total() <= available) return;
  std::string message =
      "the model does not fit: " + part("weights", plan.weights) +
      (weights_resident ? ", on the card already, " : ", ") + part("KV cache", plan.kv_cache) +
      " for " + sequences(shape.slots) + "a context of " + grouped(shape.context) + ", " +
      part("scratch", plan.scratch) + ", together " + grouped(plan.total().count()) +
      " bytes; the card has " + grouped(available.count()) + " bytes free (" +
      human_bytes(available.count()) + "). ";
  if (const auto context = largest_context(config, weights, shape, available)) {
    message += "A context of " + std::to_string(*context) + " would fit: --ctx " +
               std::to_string(*context) + smaller_cache(config, weights, shape, available);
  } else {
    message += "No context would fit; use a smaller model or a smaller quantisation";
  }
  throw LlmError(ErrorCode::does_not_fit, message);
}

}  // namespace redbolt::llm
