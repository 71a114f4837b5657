// The places of models on the card: memory that is taken for all of them before anything of any is
// uploaded. Either all fit, or nothing is taken.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "redbolt/llm/engine/memory_plan.hpp"
#include "redbolt/llm/gguf/model_files.hpp"
#include "redbolt/llm/model/config.hpp"
#include "redbolt/llm/model/weights.hpp"
#include "redbolt/runtime/device.hpp"

namespace redbolt::llm {

struct PlaceRequest {
  const ModelFiles& files;
  EngineShape shape;
  std::string name;  // as errors call the model
  // Where it is remembered which weights a file has; empty or "off": nowhere.
  std::filesystem::path cache_folder = runtime::default_cache_folder();
};

// What LoadedModel is made from.
struct ModelPlace {
  std::reference_wrapper<const ModelFiles> files;
  ModelConfig config;
  ModelWeights weights;
  EngineShape shape;
  ScratchLayout layout;
  bool weights_there;  // from an earlier program; else the buffer is to be filled
  runtime::Buffer weight_buffer, cache_buffer, scratch_buffer;
  double seconds;  // that finding out took
};

// In the order of the requests. Throws LlmError (a file, or does_not_fit before anything is taken),
// and what the device throws. Files and device must outlive the places.
std::vector<ModelPlace> take_places(runtime::Device& device,
                                    std::span<const PlaceRequest> requests);

}  // namespace redbolt::llm
