#include "redbolt/llm/gguf/tensor_type.hpp"

#include <algorithm>
#include <array>

namespace redbolt::llm {
namespace {

constexpr std::array<TensorType, 30> kTypes = {{
    {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},
    {3, "Q4_1", 32, 20},      {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},
    {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 36},      {10, "Q2_K", 256, 84},
    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66},
    {17, "IQ2_XS", 256, 74},  {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},
    {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},  {22, "IQ2_S", 256, 82},
    {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},
    {29, "IQ1_M", 256, 56},   {30, "BF16", 1, 2},       {39, "MXFP4", 32, 17},
}};

// Ids that older files may hold and the format has since dropped.
constexpr std::array<std::uint32_t, 8> kRemoved = {4, 5, 31, 32, 33, 36, 37, 38};

// ik_llama.cpp numbers its own types from here; mainline stays far below.
constexpr std::uint32_t kFirstPrivateId = 97;

}  // namespace

std::span<const TensorType> known_tensor_types() {
  return kTypes;
}

const TensorType* find_tensor_type(std::uint32_t id) {
  const auto found = std::ranges::find(kTypes, id, &TensorType::id);
  return found == kTypes.end() ? nullptr : &*found;
}

std::string explain_unknown_tensor_type(std::uint32_t id) {
  const std::string type = "type " + std::to_string(id);
  if (std::ranges::find(kRemoved, id) != kRemoved.end()) {
    return type +
           ", which was removed from the format; convert the model again with a current tool";
  }
  if (id >= kFirstPrivateId) {
    return type + ", which is private to a fork (ik_llama.cpp numbers its own types from " +
           std::to_string(kFirstPrivateId) + "); use a file made by llama.cpp's llama-quantize";
  }
  return type + ", which this version does not know";
}

}  // namespace redbolt::llm
