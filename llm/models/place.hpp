// The kinds of places in which models lie: one file and one row of a table each.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "redbolt/llm/models/catalogue.hpp"

namespace redbolt::llm::models {

struct Place {
  std::string_view name;
  // The folders, in order; not all of them exist.
  std::vector<std::filesystem::path> (*roots)(const Environment& environment);
  // Adds what lies below an existing folder, and notes about what could not be read. Throws nothing
  // but std::bad_alloc.
  void (*search)(const std::filesystem::path& root, ModelCatalogue& into);
};

extern const Place kRedboltFolder;
extern const Place kOllama;
extern const Place kLmStudio;
extern const Place kHuggingFace;

// The value of a variable that is set and not empty, else `otherwise`.
std::filesystem::path folder_or(const Environment& environment, const char* variable,
                                const std::filesystem::path& otherwise);
// Below the user's home; empty where there is none.
std::filesystem::path below_home(const Environment& environment,
                                 const std::filesystem::path& relative);

}  // namespace redbolt::llm::models
