// What list and show tell about a model's file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "redbolt/llm/gguf/model_files.hpp"

namespace redbolt::llm::cli {

struct ModelFacts {
  std::string name;  // general.name; may be empty, as may all texts
  std::string architecture;
  std::string quantization;  // "Q4_K_M"; of a file that does not say it, its most common type
  std::uint64_t parameters = 0;
  std::optional<std::uint64_t> context;  // that the model was trained for
  std::optional<std::uint64_t> embedding;
  std::optional<std::uint64_t> layers;
  std::string license;
};

// Keys of a wrong type count as absent.
ModelFacts read_facts(const ModelFiles& files);

// "8.19 B", "4.06 M", "910".
std::string parameters_text(std::uint64_t parameters);

}  // namespace redbolt::llm::cli
