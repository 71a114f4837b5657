// MODEL, as every verb takes it: a path, or a name that is looked up.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

namespace redbolt::llm::cli {

struct ModelChoice {
  std::string text;

  // The GGUF file; of a split model the first part. Throws LlmError when no model has this name or
  // several may be meant.
  std::filesystem::path file() const;
};

// MODEL or -m MODEL, required.
CLI::Option* add_model_option(CLI::App& verb, ModelChoice& model);

}  // namespace redbolt::llm::cli
