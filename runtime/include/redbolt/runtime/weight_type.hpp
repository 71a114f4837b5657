// The formats in which weights lie in VRAM: GGML's block formats, as a table. Kernels decode them
// where they use them; nothing is converted on the way.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "redbolt/runtime/weight_type_id.hpp"

namespace redbolt::runtime {

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
