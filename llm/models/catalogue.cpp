#include "redbolt/llm/models/catalogue.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "models/place.hpp"

namespace redbolt::llm {
namespace {

namespace fs = std::filesystem;

// In the order in which a model that lies in several places is taken.
const std::array<const models::Place*, 4> kPlaces = {&models::kRedboltFolder, &models::kOllama,
                                                     &models::kLmStudio, &models::kHuggingFace};

}  // namespace

namespace models {

fs::path folder_or(const Environment& environment, const char* variable,
                   const fs::path& otherwise) {
  const auto value = environment(variable);
  return value && !value->empty() ? fs::path(*value) : otherwise;
}

fs::path below_home(const Environment& environment, const fs::path& relative) {
  const fs::path home = folder_or(environment, "HOME", {});
  return home.empty() ? home : home / relative;
}

}  // namespace models

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

std::vector<ModelRoot> model_roots(const Environment& environment) {
  std::vector<ModelRoot> roots;
  for (const models::Place* place : kPlaces) {
    for (fs::path& folder : place->roots(environment)) {
      if (!folder.empty()) roots.push_back({place->name, std::move(folder)});
    }
  }
  return roots;
}

ModelCatalogue find_models(const Environment& environment) {
  ModelCatalogue catalogue;
  for (const models::Place* place : kPlaces) {
    const std::size_t before = catalogue.models.size();
    for (const fs::path& folder : place->roots(environment)) {
      std::error_code error;
      if (fs::is_directory(folder, error)) place->search(folder, catalogue);
    }
    const auto first = catalogue.models.begin() + static_cast<std::ptrdiff_t>(before);
    std::ranges::stable_sort(first, catalogue.models.end(), {}, &FoundModel::name);
  }
  return catalogue;
}

}  // namespace redbolt::llm
