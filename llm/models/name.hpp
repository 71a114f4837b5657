// What the names of models and of their files are made of.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace redbolt::llm::models {

std::string lower(std::string_view text);
bool same(std::string_view a, std::string_view b);  // but for letters' case

// "Q4_K_M", "IQ4_XS", "F16", "UD-Q4_K_XL": whether that is the name of a quantisation.
bool is_quantization(std::string_view text);

// "Qwen3-32B-Q4_K_M" in two; the second part is empty where no quantisation is named.
struct NameParts {
  std::string base, quantization;
};
NameParts split_quantization(std::string_view name);

// The words of a name in small letters: "qwen2.5:14b-instruct" has qwen2.5, 14b and instruct.
// "latest" and "gguf" say nothing and are left out.
std::vector<std::string> words(std::string_view name);

// What is asked for first where no quantisation is named: 0 is the best.
std::size_t preference(std::string_view quantization);

// Letters to add, drop or change to get from one text to the other, case aside; texts are cut at
// 100 letters.
std::size_t distance(std::string_view a, std::string_view b);

}  // namespace redbolt::llm::models
