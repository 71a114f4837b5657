// A model on the card: admitted, its memory taken, its weights there. Weights stay on the card
// after the program, and are found there by the next that wants the same.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "redbolt/base/quantity.hpp"
#include "redbolt/llm/engine/memory_plan.hpp"
#include "redbolt/llm/engine/model_place.hpp"
#include "redbolt/llm/gguf/model_files.hpp"
#include "redbolt/llm/model/config.hpp"
#include "redbolt/llm/model/graph.hpp"
#include "redbolt/llm/model/weights.hpp"
#include "redbolt/runtime/device.hpp"

namespace redbolt::llm {

// Called while weights are uploaded, with the bytes done so far.
using UploadProgress = std::function<void(Bytes done, Bytes of)>;

class WeightImage;  // private: the weights as a stream

struct LoadOptions {
  UploadProgress progress;
  // Where it is remembered which weights a file has; empty or "off": nowhere.
  std::filesystem::path cache_folder = runtime::default_cache_folder();
  // What others see the weights called; empty: the file's name.
  std::string name = {};
};

class LoadedModel {
 public:
  // Throws LlmError (the file, or does_not_fit before anything is taken), and what the device
  // throws. `files` and `device` must outlive the object.
  LoadedModel(const ModelFiles& files, runtime::Device& device, const EngineShape& shape,
              const LoadOptions& options = {});
  // Onto a place that has been taken on the device: uploads what is not there.
  LoadedModel(runtime::Device& device, ModelPlace place, const LoadOptions& options = {});

  const ModelConfig& config() const { return config_; }
  const ModelWeights& weights() const { return weights_; }
  const EngineShape& shape() const { return shape_; }
  const ScratchLayout& layout() const { return layout_; }
  runtime::Device& device() const { return device_; }
  // How long it took until the weights were there, from asking for them on.
  double upload_seconds() const { return upload_seconds_; }
  // Of weights that were uploaded for it: 0 if they were there.
  std::uint64_t uploaded_bytes() const { return uploaded_bytes_; }

  GraphBuilder graphs() const;
  // A range of the scratch buffer, as ScratchLayout describes it.
  runtime::BufferView scratch(std::uint64_t offset, std::uint64_t bytes) const;

 private:
  void place_weights(const ModelPlace& place, const LoadOptions& options);
  void upload(WeightImage& image, const UploadProgress& progress);

  runtime::Device& device_;
  ModelConfig config_;
  ModelWeights weights_;
  EngineShape shape_;
  ScratchLayout layout_;
  runtime::RopeTable rope_;
  runtime::Buffer weight_buffer_, cache_buffer_, scratch_buffer_;
  double upload_seconds_ = 0;
  std::uint64_t uploaded_bytes_ = 0;
};

}  // namespace redbolt::llm
