// Redbolt's own folder: GGUF files as the user put them there, in folders or not. A file two
// folders deep is USER/REPO/FILE, as in LM Studio's.
#include <map>

#include "models/folder.hpp"
#include "models/name.hpp"
#include "models/place.hpp"

namespace redbolt::llm::models {
namespace {

constexpr unsigned kDepth = 5;

std::vector<std::filesystem::path> roots(const Environment& environment) {
  const auto data =
      folder_or(environment, "XDG_DATA_HOME", below_home(environment, ".local/share"));
  return {
      folder_or(environment, "REDBOLT_MODELS", data.empty() ? data : data / "redbolt" / "models")};
}

void search(const std::filesystem::path& root, ModelCatalogue& into) {
  std::map<std::string, std::vector<GgufModel>> repositories;
  for (GgufModel& model : gguf_models(files_below(root, kDepth, into.notes))) {
    const auto relative = model.file.lexically_relative(root);
    const auto folders = relative.parent_path();
    if (std::distance(folders.begin(), folders.end()) >= 2) {
      const std::string user = folders.begin()->string();
      repositories[user + "/" + std::next(folders.begin())->string()].push_back(std::move(model));
      continue;
    }
    const NameParts parts = split_quantization(model.stem);
    FoundModel found;
    found.place = kRedboltFolder.name;
    found.name = (folders / model.stem).generic_string();
    found.file = model.file;
    found.bytes = model.bytes;
    found.repository = (folders / parts.base).generic_string();
    found.base = parts.base;
    found.quantization = parts.quantization;
    found.problem = model.problem;
    into.models.push_back(std::move(found));
  }
  for (const auto& [repository, models] : repositories)
    add_repository(kRedboltFolder.name, repository, models, into);
}

}  // namespace

const Place kRedboltFolder = {"Redbolt", roots, search};

}  // namespace redbolt::llm::models
