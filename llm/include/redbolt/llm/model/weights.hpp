// The tensors of a model by the part they play, with shapes and types checked, and where each will
// lie in the card's memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "redbolt/llm/model/config.hpp"
#include "redbolt/runtime/weight_type.hpp"

namespace redbolt::llm {

// A tensor and its place in the buffer that holds all weights.
struct PlacedTensor {
  const ModelTensor* tensor = nullptr;
  runtime::WeightType type = runtime::WeightType::f32;
  std::uint32_t rows = 0;  // 1 for a vector
  std::uint32_t columns = 0;
  std::uint64_t offset = 0;  // bytes; a multiple of 256
  std::uint64_t bytes = 0;
};

struct LayerWeights {
  PlacedTensor attention_norm, query, key, value, attention_output;
  std::optional<PlacedTensor> query_bias, key_bias, value_bias;
  std::optional<PlacedTensor> query_norm, key_norm;
  PlacedTensor feed_forward_norm, gate, up, down;
};

class ModelWeights {
 public:
  // `files` must outlive the object. Throws LlmError: a tensor that is missing, of the wrong shape,
  // or of a type that no kernel decodes.
  ModelWeights(const ModelFiles& files, const ModelConfig& config);

  const PlacedTensor& embedding() const { return embedding_; }
  const PlacedTensor& output_norm() const { return output_norm_; }
  // The embedding table itself where the model has no matrix of its own for the output.
  const PlacedTensor& output() const { return output_ ? *output_ : embedding_; }
  std::span<const LayerWeights> layers() const { return layers_; }
  // The divisors of rope's frequencies; empty where the model has none.
  std::span<const float> rope_factors() const { return rope_factors_; }

  // Everything that is uploaded, in the order of the offsets.
  std::span<const PlacedTensor> placed() const { return placed_; }
  // Bytes of the buffer for all weights.
  std::uint64_t buffer_bytes() const { return buffer_bytes_; }

  // Bytes of weights that the computation of one token must read: every matrix and vector once, and
  // one row of the embedding table.
  std::uint64_t bytes_per_token() const;

 private:
  PlacedTensor matrix(const std::string& name, std::uint64_t rows, std::uint64_t columns);
  PlacedTensor vector(const std::string& name, std::uint64_t elements);
  PlacedTensor place(const ModelTensor& tensor);
  LayerWeights read_layer(const ModelConfig& config, std::uint32_t layer);
  void read_rope_factors(const ModelConfig& config);

  const ModelFiles& files_;
  std::vector<PlacedTensor> placed_;
  std::uint64_t buffer_bytes_ = 0;
  PlacedTensor embedding_;
  PlacedTensor output_norm_;
  std::optional<PlacedTensor> output_;
  std::vector<LayerWeights> layers_;
  std::vector<float> rope_factors_;
};

}  // namespace redbolt::llm
