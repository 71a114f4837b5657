#include "redbolt/llm/engine/loaded_model.hpp"

#include <chrono>
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

ModelPlace take_place(const ModelFiles& files, runtime::Device& device, const EngineShape& shape,
                      const LoadOptions& options) {
  const PlaceRequest request{files, shape, options.name, options.cache_folder};
  return std::move(take_places(device, {&request, 1}).front());
}

}  // namespace

LoadedModel::LoadedModel(const ModelFiles& files, runtime::Device& device, const EngineShape& shape,
                         const LoadOptions& options)
    : LoadedModel(device, take_place(files, device, shape, options), options) {}

LoadedModel::LoadedModel(runtime::Device& device, ModelPlace place, const LoadOptions& options)
    : device_(device),
      config_(std::move(place.config)),
      weights_(std::move(place.weights)),
      shape_(place.shape),
      layout_(place.layout),
      rope_(rope_table(config_, weights_)),
      weight_buffer_(std::move(place.weight_buffer)),
      cache_buffer_(std::move(place.cache_buffer)),
      scratch_buffer_(std::move(place.scratch_buffer)) {
  place_weights(place, options);
  device_.upload(scratch(layout_.rope_table, layout_.rope_table_bytes),
                 std::as_bytes(std::span(rope_.frequencies)));
}

void LoadedModel::place_weights(const ModelPlace& place, const LoadOptions& options) {
  upload_seconds_ = place.seconds;
  if (place.weights_there) return;
  const auto start = std::chrono::steady_clock::now();
  const ModelFiles& files = place.files;
  WeightImage image(files, weights_);
  upload(image, options.progress);
  const client::ContentHash hash = image.finish();
  const std::string file = files.files().front().path().filename().string();
  device_.seal_resident(weight_buffer_, hash, options.name.empty() ? file : options.name);
  if (!image.too_fresh_to_remember()) {
    WeightHashes(options.cache_folder == "off" ? std::filesystem::path() : options.cache_folder)
        .remember(image.key(), hash);
  }
  upload_seconds_ +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void LoadedModel::upload(WeightImage& image, const UploadProgress& progress) {
  const Bytes size(weights_.buffer_bytes());
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
