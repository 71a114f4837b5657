#include "cli/model_facts.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "cli/terminal.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {
namespace {

// general.file_type, as llama.cpp numbers the mixtures that its quantiser makes (llama_ftype).
constexpr std::array<std::pair<std::uint64_t, std::string_view>, 36> kFileTypes = {{
    {0, "F32"},        {1, "F16"},       {2, "Q4_0"},      {3, "Q4_1"},    {7, "Q8_0"},
    {8, "Q5_0"},       {9, "Q5_1"},      {10, "Q2_K"},     {11, "Q3_K_S"}, {12, "Q3_K_M"},
    {13, "Q3_K_L"},    {14, "Q4_K_S"},   {15, "Q4_K_M"},   {16, "Q5_K_S"}, {17, "Q5_K_M"},
    {18, "Q6_K"},      {19, "IQ2_XXS"},  {20, "IQ2_XS"},   {21, "Q2_K_S"}, {22, "IQ3_XS"},
    {23, "IQ3_XXS"},   {24, "IQ1_S"},    {25, "IQ4_NL"},   {26, "IQ3_S"},  {27, "IQ3_M"},
    {28, "IQ2_S"},     {29, "IQ2_M"},    {30, "IQ4_XS"},   {31, "IQ1_M"},  {32, "BF16"},
    {33, "Q4_0_4_4"},  {34, "Q4_0_4_8"}, {35, "Q4_0_8_8"}, {36, "TQ1_0"},  {37, "TQ2_0"},
    {38, "MXFP4_MOE"},
}};

std::string text_of(const Metadata& metadata, const std::string& key) {
  const Value* const value = metadata.find(key);
  const auto text = value == nullptr ? std::nullopt : value->as_string();
  return text ? printable(*text, 200) : "";
}

std::optional<std::uint64_t> number_of(const Metadata& metadata, const std::string& key) {
  const Value* const value = metadata.find(key);
  return value == nullptr ? std::nullopt : value->as_unsigned();
}

std::string quantization_of(const ModelFiles& files) {
  if (const auto type = number_of(files.metadata(), "general.file_type")) {
    const auto known =
        std::ranges::find_if(kFileTypes, [&](const auto& row) { return row.first == *type; });
    if (known != kFileTypes.end()) return std::string(known->second);
  }
  std::map<std::string_view, std::uint64_t> bytes;
  for (const ModelTensor& tensor : files.tensors())
    bytes[tensor.info.type->name] += tensor.info.size;
  if (bytes.empty()) return {};
  const auto most =
      std::ranges::max_element(bytes, {}, [](const auto& entry) { return entry.second; });
  return std::string(most->first);
}

}  // namespace

ModelFacts read_facts(const ModelFiles& files) {
  const Metadata& metadata = files.metadata();
  ModelFacts facts;
  facts.name = text_of(metadata, "general.name");
  facts.architecture = text_of(metadata, "general.architecture");
  facts.quantization = quantization_of(files);
  for (const ModelTensor& tensor : files.tensors()) {
    std::uint64_t elements = 1;
    for (const std::uint64_t dimension : tensor.info.dimensions) elements *= dimension;
    facts.parameters += elements;
  }
  facts.context = number_of(metadata, facts.architecture + ".context_length");
  facts.embedding = number_of(metadata, facts.architecture + ".embedding_length");
  facts.layers = number_of(metadata, facts.architecture + ".block_count");
  facts.license = text_of(metadata, "general.license");
  return facts;
}

std::string parameters_text(std::uint64_t parameters) {
  const auto number = static_cast<double>(parameters);
  if (parameters >= 1'000'000'000) return fixed(number / 1e9, 2) + " B";
  if (parameters >= 1'000'000) return fixed(number / 1e6, 2) + " M";
  return std::to_string(parameters);
}

}  // namespace redbolt::llm::cli
