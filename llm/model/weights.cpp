#include "redbolt/llm/model/weights.hpp"

#include <cmath>
#include <limits>

#include "redbolt/base/checked.hpp"
#include "support/printable.hpp"

namespace redbolt::llm {
namespace {

// What buffers of the card are aligned to; a tensor then starts on a cache line of its own.
constexpr std::uint64_t kTensorAlignment = 256;

const ModelTensor& require_tensor(const ModelFiles& files, const std::string& name) {
  if (const ModelTensor* tensor = files.find(name)) return *tensor;
  throw LlmError(ErrorCode::unsupported_model, "the model has no tensor '" + name + "'");
}

std::string shape_text(const TensorInfo& info) {
  std::string text;
  for (unsigned i = 0; i < info.dimension_count; ++i) {
    text.append(i == 0 ? "[" : ", ").append(std::to_string(info.dimensions[i]));
  }
  return text.append("]");
}

void check_shape(const TensorInfo& info, std::uint64_t rows, std::uint64_t columns) {
  const auto& ne = info.dimensions;
  if (ne[0] == columns && ne[1] == rows && ne[2] == 1 && ne[3] == 1) return;
  std::string expected = std::to_string(columns);
  if (rows != 1) expected.append(", ").append(std::to_string(rows));
  throw LlmError(ErrorCode::bad_tensor, "the tensor '" + printable(info.name) + "' has the shape " +
                                            shape_text(info) + " where the metadata asks for " +
                                            expected + "]");
}

runtime::WeightType weight_type(const TensorInfo& info) {
  if (const auto type = runtime::weight_type_from_ggml(info.type->id)) return *type;
  std::string known;
  for (const auto& type : runtime::weight_types()) known.append(" ").append(type.name);
  throw LlmError(ErrorCode::unsupported_type,
                 "the tensor '" + printable(info.name) + "' is of type " +
                     std::string(info.type->name) +
                     ", which no kernel decodes; these are supported:" + known);
}

}  // namespace

ModelWeights::ModelWeights(const ModelFiles& files, const ModelConfig& config) : files_(files) {
  embedding_ = matrix("token_embd.weight", config.vocabulary, config.embedding);
  layers_.reserve(config.layers);
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    layers_.push_back(read_layer(config, layer));
  }
  output_norm_ = vector("output_norm.weight", config.embedding);
  if (files.find("output.weight") != nullptr) {
    output_ = matrix("output.weight", config.vocabulary, config.embedding);
  }
  if (config.architecture->rope_frequency_factors) read_rope_factors(config);
}

LayerWeights ModelWeights::read_layer(const ModelConfig& config, std::uint32_t layer) {
  const std::string prefix = "blk." + std::to_string(layer) + ".";
  const std::uint64_t width = config.embedding;
  LayerWeights weights;
  weights.attention_norm = vector(prefix + "attn_norm.weight", width);
  weights.query = matrix(prefix + "attn_q.weight", config.query_width(), width);
  weights.key = matrix(prefix + "attn_k.weight", config.key_value_width(), width);
  weights.value = matrix(prefix + "attn_v.weight", config.key_value_width(), width);
  if (config.architecture->query_key_value_bias) {
    weights.query_bias = vector(prefix + "attn_q.bias", config.query_width());
    weights.key_bias = vector(prefix + "attn_k.bias", config.key_value_width());
    weights.value_bias = vector(prefix + "attn_v.bias", config.key_value_width());
  }
  if (config.architecture->query_key_norm) {
    weights.query_norm = vector(prefix + "attn_q_norm.weight", config.head_dimension);
    weights.key_norm = vector(prefix + "attn_k_norm.weight", config.head_dimension);
  }
  weights.attention_output = matrix(prefix + "attn_output.weight", width, config.query_width());
  weights.feed_forward_norm = vector(prefix + "ffn_norm.weight", width);
  weights.gate = matrix(prefix + "ffn_gate.weight", config.feed_forward, width);
  weights.up = matrix(prefix + "ffn_up.weight", config.feed_forward, width);
  weights.down = matrix(prefix + "ffn_down.weight", width, config.feed_forward);
  return weights;
}

PlacedTensor ModelWeights::matrix(const std::string& name, std::uint64_t rows,
                                  std::uint64_t columns) {
  const ModelTensor& tensor = require_tensor(files_, name);
  check_shape(tensor.info, rows, columns);
  return place(tensor);
}

PlacedTensor ModelWeights::vector(const std::string& name, std::uint64_t elements) {
  const ModelTensor& tensor = require_tensor(files_, name);
  check_shape(tensor.info, 1, elements);
  if (tensor.info.type->id != tensor_type_id::kF32) {
    throw LlmError(ErrorCode::unsupported_type, "the vector '" + name + "' is of type " +
                                                    std::string(tensor.info.type->name) +
                                                    "; norms and biases must be F32");
  }
  return place(tensor);
}

PlacedTensor ModelWeights::place(const ModelTensor& tensor) {
  PlacedTensor placed;
  placed.tensor = &tensor;
  placed.type = weight_type(tensor.info);
  placed.columns = static_cast<std::uint32_t>(tensor.info.dimensions[0]);
  placed.rows = static_cast<std::uint32_t>(tensor.info.dimensions[1]);
  placed.offset = buffer_bytes_;
  placed.bytes = tensor.info.size;
  // Sizes are those of ranges of files, so the sum stays far below 2^64.
  buffer_bytes_ = *checked_align_up(buffer_bytes_ + placed.bytes, kTensorAlignment);
  placed_.push_back(placed);
  return placed;
}

void ModelWeights::read_rope_factors(const ModelConfig& config) {
  const ModelTensor* tensor = files_.find("rope_freqs.weight");
  if (tensor == nullptr) return;
  check_shape(tensor->info, 1, config.rope.dimensions / 2);
  if (tensor->info.type->id != tensor_type_id::kF32) {
    throw LlmError(ErrorCode::unsupported_type, "'rope_freqs.weight' must be F32");
  }
  rope_factors_.resize(config.rope.dimensions / 2);
  tensor->read(0, std::as_writable_bytes(std::span(rope_factors_)));
  for (const float factor : rope_factors_) {
    if (!std::isfinite(factor) || factor <= 0) {
      throw LlmError(ErrorCode::bad_tensor,
                     "'rope_freqs.weight' holds a factor that is not positive");
    }
  }
}

std::uint64_t ModelWeights::bytes_per_token() const {
  std::uint64_t total = 0;
  for (const PlacedTensor& placed : placed_) total += placed.bytes;
  // The table is read whole only where it is also the output matrix.
  if (output_) total -= embedding_.bytes;
  return total + embedding_.bytes / embedding_.rows;
}

}  // namespace redbolt::llm
