// LM Studio's folders: USER/REPO/FILE.gguf.
#include "models/folder.hpp"
#include "models/place.hpp"

namespace redbolt::llm::models {
namespace {

constexpr unsigned kDepthOfRepository = 3;

std::vector<std::filesystem::path> roots(const Environment& environment) {
  // The second is where its versions before 0.3 kept them.
  return {below_home(environment, ".lmstudio/models"),
          below_home(environment, ".cache/lm-studio/models")};
}

void search(const std::filesystem::path& root, ModelCatalogue& into) {
  for (const FolderEntry& user : list_folder(root, into.notes)) {
    if (!user.is_folder) continue;
    for (const FolderEntry& repository : list_folder(user.path, into.notes)) {
      if (!repository.is_folder) continue;
      const std::string name =
          user.path.filename().string() + "/" + repository.path.filename().string();
      const auto files = files_below(repository.path, kDepthOfRepository, into.notes);
      add_repository(kLmStudio.name, name, gguf_models(files), into);
    }
  }
}

}  // namespace

const Place kLmStudio = {"LM Studio", roots, search};

}  // namespace redbolt::llm::models
