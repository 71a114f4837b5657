// The cache of huggingface_hub: models--USER--REPO/snapshots/REVISION/FILE.gguf, links to
// blobs/HASH; refs/main holds the revision that "main" was last.
#include <algorithm>
#include <array>
#include <fstream>

#include "models/folder.hpp"
#include "models/place.hpp"

namespace redbolt::llm::models {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "models--";
constexpr unsigned kDepthOfSnapshot = 4;

std::vector<fs::path> roots(const Environment& environment) {
  const auto cache = folder_or(environment, "XDG_CACHE_HOME", below_home(environment, ".cache"));
  const auto home =
      folder_or(environment, "HF_HOME", cache.empty() ? cache : cache / "huggingface");
  const auto hub =
      folder_or(environment, "HUGGINGFACE_HUB_CACHE", home.empty() ? home : home / "hub");
  return {folder_or(environment, "HF_HUB_CACHE", hub)};
}

// "models--USER--REPO" → "USER/REPO"; empty where it is no model.
std::string repository_name(const std::string& folder) {
  if (!folder.starts_with(kPrefix)) return {};
  std::string name = folder.substr(kPrefix.size());
  const std::size_t between = name.find("--");
  if (between != std::string::npos) name.replace(between, 2, 1, '/');
  return name;
}

// The revision of refs/main; empty where there is none. Only its snapshot's name is compared with
// it, so it cannot lead anywhere.
std::string main_revision(const fs::path& repository) {
  std::array<char, 128> text{};
  std::ifstream file(repository / "refs" / "main", std::ios::binary);
  file.read(text.data(), text.size());
  std::string revision(text.data(),
                       static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  while (revision.ends_with('\n') || revision.ends_with(' ')) revision.pop_back();
  return revision;
}

// The snapshots, that of "main" first, then the newest.
std::vector<fs::path> snapshots(const fs::path& repository, ModelCatalogue& into) {
  std::error_code error;
  if (!fs::is_directory(repository / "snapshots", error)) return {};
  struct Snapshot {
    bool is_main;
    fs::file_time_type time;
    fs::path path;
  };
  const std::string main = main_revision(repository);
  std::vector<Snapshot> found;
  for (const FolderEntry& entry : list_folder(repository / "snapshots", into.notes)) {
    if (!entry.is_folder) continue;
    found.push_back({entry.path.filename().string() == main, fs::last_write_time(entry.path, error),
                     entry.path});
  }
  std::ranges::stable_sort(found, [](const Snapshot& a, const Snapshot& b) {
    return a.is_main != b.is_main ? a.is_main : a.time > b.time;
  });
  std::vector<fs::path> paths;
  for (Snapshot& snapshot : found) paths.push_back(std::move(snapshot.path));
  return paths;
}

void search(const fs::path& root, ModelCatalogue& into) {
  for (const FolderEntry& entry : list_folder(root, into.notes)) {
    const std::string name = repository_name(entry.path.filename().string());
    if (!entry.is_folder || name.empty()) continue;
    std::vector<GgufModel> models;
    for (const fs::path& snapshot : snapshots(entry.path, into)) {
      for (GgufModel& model : gguf_models(files_below(snapshot, kDepthOfSnapshot, into.notes))) {
        // What a newer revision has as well comes from there.
        if (std::ranges::find(models, model.stem, &GgufModel::stem) == models.end())
          models.push_back(std::move(model));
      }
    }
    add_repository(kHuggingFace.name, name, models, into);
  }
}

}  // namespace

const Place kHuggingFace = {"Hugging Face", roots, search};

}  // namespace redbolt::llm::models
