// A model of many bytes and no content: a GGUF file in the shape of a Qwen3 whose tensors are a
// hole. It can be inspected and loaded; what it would answer means nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "gguf_builder.hpp"

namespace redbolt::test {

struct SparseModel {
  std::uint64_t layers = 4;
  std::uint64_t width = 1024;
  std::uint64_t feed_forward = 4096;
  std::uint64_t vocabulary = 32768;
};

// Writes it; returns the bytes of its tensors, which are Q8_0 and F32.
inline std::uint64_t write_sparse_model(const std::filesystem::path& path,
                                        const SparseModel& shape) {
  constexpr std::uint32_t f32 = 0, q8_0 = 8;
  constexpr std::uint64_t alignment = 32;
  GgufBuilder builder;
  builder.text("general.architecture", "qwen3").text("general.name", "hole");
  const auto key = [](const char* name) { return std::string("qwen3.") + name; };
  const auto number = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  builder.u32(key("block_count"), number(shape.layers))
      .u32(key("context_length"), 4096)
      .u32(key("embedding_length"), number(shape.width))
      .u32(key("feed_forward_length"), number(shape.feed_forward))
      .u32(key("attention.head_count"), number(shape.width / 64))
      .u32(key("attention.head_count_kv"), number(shape.width / 64))
      .u32(key("attention.key_length"), 64)
      .u32(key("attention.value_length"), 64)
      .u32(key("vocab_size"), number(shape.vocabulary))
      .f32(key("attention.layer_norm_rms_epsilon"), 1e-6F)
      .f32(key("rope.freq_base"), 1e6F);
  std::uint64_t end = 0;
  const auto tensor = [&](const std::string& name, std::vector<std::uint64_t> dimensions,
                          std::uint32_t type) {
    std::uint64_t elements = 1;
    for (const std::uint64_t dimension : dimensions) elements *= dimension;
    builder.tensor_entry({name, std::move(dimensions), type, end});
    end += type == f32 ? elements * 4 : elements / 32 * 34;
    end = (end + alignment - 1) / alignment * alignment;
  };
  tensor("token_embd.weight", {shape.width, shape.vocabulary}, q8_0);
  for (std::uint64_t layer = 0; layer < shape.layers; ++layer) {
    const std::string prefix = "blk." + std::to_string(layer) + ".";
    for (const char* name : {"attn_norm.weight", "ffn_norm.weight"})
      tensor(prefix + name, {shape.width}, f32);
    for (const char* name : {"attn_q_norm.weight", "attn_k_norm.weight"})
      tensor(prefix + name, {64}, f32);
    for (const char* name :
         {"attn_q.weight", "attn_k.weight", "attn_v.weight", "attn_output.weight"})
      tensor(prefix + name, {shape.width, shape.width}, q8_0);
    for (const char* name : {"ffn_gate.weight", "ffn_up.weight"})
      tensor(prefix + name, {shape.width, shape.feed_forward}, q8_0);
    tensor(prefix + "ffn_down.weight", {shape.feed_forward, shape.width}, q8_0);
  }
  tensor("output_norm.weight", {shape.width}, f32);
  builder.write(path);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) + end);
  return end;
}

}  // namespace redbolt::test
