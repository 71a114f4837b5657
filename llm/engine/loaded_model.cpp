#include "redbolt/llm/engine/loaded_model.hpp"

#include <chrono>
#include <span>

namespace redbolt::llm {
namespace {

EngineShape admitted(const ModelConfig& config, const ModelWeights& weights,
                     const EngineShape& shape, runtime::Device& device) {
  admit(config, Bytes(weights.buffer_bytes()), shape, device.status().arena.free);
  return shape;
}

runtime::RopeTable rope_table(const ModelConfig& config, const ModelWeights& weights) {
  runtime::RopeParameters parameters;
  parameters.dimensions = config.rope.dimensions;
  parameters.base = config.rope.base;
  parameters.frequency_factors = weights.rope_factors();
  parameters.scaling = config.rope.scaling;
  parameters.factor = config.rope.factor;
  parameters.original_context = config.rope.original_context;
  parameters.attention_factor = config.rope.attention_factor;
  return runtime::make_rope_table(parameters);
}

}  // namespace

LoadedModel::LoadedModel(const ModelFiles& files, runtime::Device& device, const EngineShape& shape,
                         const UploadProgress& progress)
    : device_(device),
      config_(read_model_config(files)),
      weights_(files, config_),
      shape_(admitted(config_, weights_, shape, device)),
      layout_(plan_scratch(config_, shape_)),
      rope_(rope_table(config_, weights_)),
      weight_buffer_(device.allocate(Bytes(weights_.buffer_bytes()), "weights")),
      cache_buffer_(device.allocate(
          plan_memory(config_, Bytes(weights_.buffer_bytes()), shape_).kv_cache, "KV cache")),
      scratch_buffer_(device.allocate(Bytes(layout_.total), "scratch")) {
  upload(progress);
}

void LoadedModel::upload(const UploadProgress& progress) {
  const auto start = std::chrono::steady_clock::now();
  Bytes total(0);
  for (const PlacedTensor& tensor : weights_.placed()) total += Bytes(tensor.bytes);
  Bytes done(0);
  for (const PlacedTensor& tensor : weights_.placed()) {
    device_.upload(weight_buffer_.view(Bytes(tensor.offset), Bytes(tensor.bytes)),
                   tensor.tensor->data, [&](Bytes of_tensor) {
                     if (progress) progress(done + of_tensor, total);
                   });
    done += Bytes(tensor.bytes);
  }
  device_.upload(scratch(layout_.rope_table, layout_.rope_table_bytes),
                 std::as_bytes(std::span(rope_.frequencies)));
  upload_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

GraphBuilder LoadedModel::graphs() const {
  return {config_, weights_, shape_,
          ModelMemory{weight_buffer_.view(), cache_buffer_.view(), scratch_buffer_.view()},
          rope_.magnitude};
}

runtime::BufferView LoadedModel::scratch(std::uint64_t offset, std::uint64_t bytes) const {
  return scratch_buffer_.view(Bytes(offset), Bytes(bytes));
}

}  // namespace redbolt::llm
