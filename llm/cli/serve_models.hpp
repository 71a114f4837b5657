// The models that `serve` is given: which files they are, and what clients call each.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "redbolt/llm/engine/memory_plan.hpp"
#include "redbolt/llm/gguf/model_files.hpp"
#include "server/models/served_model.hpp"

namespace redbolt::llm::cli {

struct ModelNames {
  std::string id;
  std::vector<std::string> aliases;
  bool operator==(const ModelNames&) const = default;
};

// Of each model the first --alias, or else what was asked for: a name, or a file's without its
// folder and ending. One model has all aliases; of several, each has the one at its place, and
// those without one keep their name. What a model is called besides counts only where it means no
// other. Throws UsageError: more aliases than models, or two of one name.
std::vector<ModelNames> name_models(std::span<const std::string> asked,
                                    std::span<const std::string> aliases);

// A model with its file, opened and looked at.
struct ModelToServe {
  std::shared_ptr<const ModelFiles> files;
  std::shared_ptr<server::ServedModel> model;
  EngineShape shape;
};

// In the order in which they were asked for, each in the shape that is wanted; its context 0: each
// model's own. Notes what is doubtful. Throws LlmError, and UsageError for a file given twice.
std::vector<ModelToServe> open_models(std::span<const std::string> asked,
                                      std::span<const std::string> aliases,
                                      const EngineShape& wanted);

}  // namespace redbolt::llm::cli
