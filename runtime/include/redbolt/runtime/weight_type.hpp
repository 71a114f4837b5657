// The formats in which weights lie in VRAM: GGML's block formats, as a table. Kernels decode them
// where they use them; nothing is converted on the way.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace redbolt::runtime {

// The values are GGML's type ids, as a GGUF file spells them.
enum class WeightType : std::uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  iq4_nl = 20,
  iq4_xs = 23,
  bf16 = 30,
};

struct WeightTypeInfo {
  WeightType type;
  std::string_view name;         // as GGML writes it: "Q4_K"
  std::uint32_t block_elements;  // weights in a block
  std::uint32_t block_bytes;     // bytes of a block
};

// Every type that the kernels know, in the order of the ids.
std::span<const WeightTypeInfo> weight_types();

const WeightTypeInfo& info(WeightType type);

// nullopt for an id that no kernel decodes.
std::optional<WeightType> weight_type_from_ggml(std::uint32_t ggml_type);

// Bytes of a row of `columns` weights; nullopt if `columns` is not a whole number of blocks.
std::optional<std::uint64_t> row_bytes(WeightType type, std::uint64_t columns);

}  // namespace redbolt::runtime
