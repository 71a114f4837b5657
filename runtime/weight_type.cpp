#include "redbolt/runtime/weight_type.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "redbolt/base/checked.hpp"
#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {
namespace {

constexpr std::array table{
    WeightTypeInfo{WeightType::f32, "F32", 1, 4},
    WeightTypeInfo{WeightType::f16, "F16", 1, 2},
    WeightTypeInfo{WeightType::q4_0, "Q4_0", 32, 18},
    WeightTypeInfo{WeightType::q4_1, "Q4_1", 32, 20},
    WeightTypeInfo{WeightType::q5_0, "Q5_0", 32, 22},
    WeightTypeInfo{WeightType::q5_1, "Q5_1", 32, 24},
    WeightTypeInfo{WeightType::q8_0, "Q8_0", 32, 34},
    WeightTypeInfo{WeightType::q2_k, "Q2_K", 256, 84},
    WeightTypeInfo{WeightType::q3_k, "Q3_K", 256, 110},
    WeightTypeInfo{WeightType::q4_k, "Q4_K", 256, 144},
    WeightTypeInfo{WeightType::q5_k, "Q5_K", 256, 176},
    WeightTypeInfo{WeightType::q6_k, "Q6_K", 256, 210},
    WeightTypeInfo{WeightType::iq4_nl, "IQ4_NL", 32, 18},
    WeightTypeInfo{WeightType::iq4_xs, "IQ4_XS", 256, 136},
    WeightTypeInfo{WeightType::bf16, "BF16", 1, 2},
};

}  // namespace

std::span<const WeightTypeInfo> weight_types() {
  return table;
}

const WeightTypeInfo& info(WeightType type) {
  const auto found = std::ranges::find(table, type, &WeightTypeInfo::type);
  if (found == table.end())
    throw RuntimeError(
        RuntimeErrorCode::invalid_argument,
        "no kernel decodes the weight type " + std::to_string(static_cast<std::uint32_t>(type)));
  return *found;
}

std::optional<WeightType> weight_type_from_ggml(std::uint32_t ggml_type) {
  const auto type = static_cast<WeightType>(ggml_type);
  const auto found = std::ranges::find(table, type, &WeightTypeInfo::type);
  if (found == table.end()) return std::nullopt;
  return type;
}

std::optional<std::uint64_t> row_bytes(WeightType type, std::uint64_t columns) {
  const WeightTypeInfo& format = info(type);
  if (columns % format.block_elements != 0) return std::nullopt;
  return checked_multiply<std::uint64_t>(columns / format.block_elements, format.block_bytes);
}

}  // namespace redbolt::runtime
