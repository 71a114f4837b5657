// A model on the card: admitted, its memory taken, its weights uploaded.
#pragma once

#include <cstdint>
#include <functional>

#include "redbolt/base/quantity.hpp"
#include "redbolt/llm/engine/memory_plan.hpp"
#include "redbolt/llm/gguf/model_files.hpp"
#include "redbolt/llm/model/config.hpp"
#include "redbolt/llm/model/graph.hpp"
#include "redbolt/llm/model/weights.hpp"
#include "redbolt/runtime/device.hpp"

namespace redbolt::llm {

// Called while weights are uploaded, with the bytes done so far.
using UploadProgress = std::function<void(Bytes done, Bytes of)>;

class LoadedModel {
 public:
  // Throws LlmError (the file, or does_not_fit before anything is taken), and what the device
  // throws. `files` and `device` must outlive the object.
  LoadedModel(const ModelFiles& files, runtime::Device& device, const EngineShape& shape,
              const UploadProgress& progress = {});

  const ModelConfig& config() const { return config_; }
  const ModelWeights& weights() const { return weights_; }
  const EngineShape& shape() const { return shape_; }
  const ScratchLayout& layout() const { return layout_; }
  runtime::Device& device() const { return device_; }
  double upload_seconds() const { return upload_seconds_; }

  GraphBuilder graphs() const;
  // A range of the scratch buffer, as ScratchLayout describes it.
  runtime::BufferView scratch(std::uint64_t offset, std::uint64_t bytes) const;

 private:
  void upload(const UploadProgress& progress);

  runtime::Device& device_;
  ModelConfig config_;
  ModelWeights weights_;
  EngineShape shape_;
  ScratchLayout layout_;
  runtime::RopeTable rope_;
  runtime::Buffer weight_buffer_, cache_buffer_, scratch_buffer_;
  double upload_seconds_ = 0;
};

}  // namespace redbolt::llm
