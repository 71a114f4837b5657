// The shape of a language model: everything that its metadata says about the graph to build.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "redbolt/llm/gguf/model_files.hpp"
#include "redbolt/runtime/rope.hpp"

namespace redbolt::llm {

// What distinguishes the supported architectures; all share one decoder block.
struct Architecture {
  std::string_view name;  // the value of general.architecture
  runtime::RopePairing rope_pairing;
  bool query_key_value_bias;    // biases on the q, k and v projections
  bool query_key_norm;          // an RMS norm over each head of q and k, before rope
  bool rope_frequency_factors;  // takes rope_freqs.weight where the file has it
};

// nullptr when the architecture is not supported.
const Architecture* find_architecture(std::string_view name);

struct RopeConfig {
  std::uint32_t dimensions = 0;
  double base = 10000;
  runtime::RopeScaling scaling = runtime::RopeScaling::none;
  double factor = 1;
  std::uint32_t original_context = 0;
  double attention_factor = 1;
};

struct ModelConfig {
  const Architecture* architecture = nullptr;
  std::string name;  // general.name; may be empty
  std::uint32_t layers = 0;
  std::uint32_t context_length = 0;  // that the model was trained for
  std::uint32_t embedding = 0;
  std::uint32_t feed_forward = 0;
  std::uint32_t heads = 0;
  std::uint32_t key_value_heads = 0;
  std::uint32_t head_dimension = 0;
  std::uint32_t vocabulary = 0;  // rows of the embedding table; at least the tokenizer's tokens
  float rms_epsilon = 0;
  RopeConfig rope;

  std::uint32_t query_width() const { return heads * head_dimension; }
  std::uint32_t key_value_width() const { return key_value_heads * head_dimension; }
};

// Throws LlmError: a key that is missing or out of range, or a feature that is not implemented.
ModelConfig read_model_config(const ModelFiles& files);

}  // namespace redbolt::llm
