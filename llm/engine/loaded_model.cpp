#include "redbolt/llm/engine/loaded_model.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "engine/weight_hashes.hpp"
#include "engine/weight_image.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

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

const EngineShape& checked(const EngineShape& shape) {
  if (shape.slots == 0 || shape.slots > kMaximumSlots) {
    throw LlmError(ErrorCode::bad_argument, "there may be 1 to " + std::to_string(kMaximumSlots) +
                                                " slots, and not " + std::to_string(shape.slots));
  }
  return shape;
}

}  // namespace

LoadedModel::LoadedModel(const ModelFiles& files, runtime::Device& device, const EngineShape& shape,
                         const LoadOptions& options)
    : device_(device),
      config_(read_model_config(files)),
      weights_(files, config_),
      shape_(checked(shape)),
      layout_(plan_scratch(config_, shape_)),
      rope_(rope_table(config_, weights_)) {
  place_weights(files, options);
  cache_buffer_ = device.allocate(
      plan_memory(config_, Bytes(weights_.buffer_bytes()), shape_).kv_cache, "KV cache");
  scratch_buffer_ = device.allocate(Bytes(layout_.total), "scratch");
  device_.upload(scratch(layout_.rope_table, layout_.rope_table_bytes),
                 std::as_bytes(std::span(rope_.frequencies)));
}

void LoadedModel::place_weights(const ModelFiles& files, const LoadOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const Bytes size(weights_.buffer_bytes());
  WeightImage image(files, weights_);
  const WeightHashes known(options.cache_folder == "off" ? std::filesystem::path()
                                                         : options.cache_folder);
  const client::ContentHash key = image.key();
  std::optional<runtime::Buffer> resident;
  if (const auto hash = known.find(key)) resident = device_.find_resident(*hash, size);
  const client::ArenaStatus arena = device_.status().arena;
  admit(config_, size, shape_, arena.free + arena.reclaimable, resident.has_value());
  if (resident) {
    weight_buffer_ = std::move(*resident);
  } else {
    upload(image, options.progress);
    const client::ContentHash hash = image.finish();
    const std::string file = files.files().front().path().filename().string();
    device_.seal_resident(weight_buffer_, hash, options.name.empty() ? file : options.name);
    if (!image.too_fresh_to_remember()) known.remember(key, hash);
  }
  upload_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void LoadedModel::upload(WeightImage& image, const UploadProgress& progress) {
  const Bytes size(weights_.buffer_bytes());
  weight_buffer_ = device_.allocate(size, "weights");
  device_.upload_from(
      weight_buffer_.view(), [&](Bytes, std::span<std::byte> into) { image.read_next(into); },
      [&](Bytes done) {
        if (progress) progress(done, size);
      });
  uploaded_bytes_ = size.count();
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
