#include "models/folder.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <system_error>

#include "models/name.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::models {
namespace {

namespace fs = std::filesystem;

// Far above any collection of models.
constexpr std::size_t kMostEntries = 20'000;
constexpr unsigned kMostParts = 4096;

struct Part {
  std::string prefix;
  unsigned number = 1, of = 1;
};

// "NAME-00002-of-00003"; nothing where the name does not end so.
std::optional<Part> split_part(const std::string& stem) {
  constexpr std::size_t kLength = sizeof("-00001-of-00003") - 1;
  if (stem.size() <= kLength) return std::nullopt;
  Part part;
  part.prefix = stem.substr(0, stem.size() - kLength);
  std::array<char, kLength + 1> again{};
  if (std::sscanf(stem.c_str() + part.prefix.size(), "-%5u-of-%5u", &part.number, &part.of) != 2)
    return std::nullopt;
  std::snprintf(again.data(), again.size(), "-%05u-of-%05u", part.number, part.of);
  const bool valid = part.number >= 1 && part.number <= part.of && part.of <= kMostParts;
  if (!valid || !stem.ends_with(again.data())) return std::nullopt;
  return part;
}

bool is_projector(const std::string& stem) {
  return lower(stem).find("mmproj") != std::string::npos;
}

void collect_files(const fs::path& folder, unsigned depth, std::set<fs::path>& seen,
                   std::vector<fs::path>& files, std::vector<std::string>& notes) {
  std::error_code error;
  const fs::path real = fs::canonical(folder, error);
  if (error || !seen.insert(real).second) return;  // a loop of links, or a folder linked twice
  for (const FolderEntry& entry : list_folder(folder, notes)) {
    if (files.size() >= kMostEntries) return;
    if (!entry.is_folder) {
      files.push_back(entry.path);
    } else if (depth > 1) {
      collect_files(entry.path, depth - 1, seen, files, notes);
    }
  }
}

}  // namespace

std::vector<FolderEntry> list_folder(const fs::path& folder, std::vector<std::string>& notes) {
  std::vector<FolderEntry> entries;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    if (entries.size() >= kMostEntries) {
      notes.push_back(printable(folder.string(), 400) + ": more than " +
                      std::to_string(kMostEntries) + " entries; the rest is left out");
      break;
    }
    if (at->path().filename().string().starts_with('.')) continue;
    std::error_code of_entry;
    const fs::file_status status = at->status(of_entry);
    if (fs::is_directory(status)) {
      entries.push_back({at->path(), true});
    } else if (fs::is_regular_file(status)) {
      entries.push_back({at->path(), false});
    }
  }
  if (error) notes.push_back(printable(folder.string(), 400) + ": " + error.message());
  std::ranges::sort(entries, {}, &FolderEntry::path);
  return entries;
}

std::vector<fs::path> files_below(const fs::path& folder, unsigned depth,
                                  std::vector<std::string>& notes) {
  std::vector<fs::path> files;
  std::set<fs::path> seen;
  collect_files(folder, depth, seen, files, notes);
  return files;
}

std::vector<GgufModel> gguf_models(const std::vector<fs::path>& files) {
  struct Parts {
    GgufModel model;
    unsigned of = 1, found = 0;
  };
  std::map<std::pair<fs::path, unsigned>, Parts> by_prefix;
  for (const fs::path& file : files) {
    if (lower(file.extension().string()) != ".gguf") continue;
    const std::string stem = file.stem().string();
    if (is_projector(stem)) continue;
    const Part part = split_part(stem).value_or(Part{stem, 1, 1});
    Parts& parts = by_prefix[{file.parent_path() / part.prefix, part.of}];
    std::error_code error;
    const std::uintmax_t size = fs::file_size(file, error);
    if (!error) parts.model.bytes += size;
    parts.model.stem = part.prefix;
    parts.of = part.of;
    ++parts.found;
    if (part.number == 1 || parts.model.file.empty()) parts.model.file = file;
  }
  std::vector<GgufModel> models;
  for (auto& [key, parts] : by_prefix) {
    if (parts.found < parts.of) {
      parts.model.problem = "only " + std::to_string(parts.found) + " of its " +
                            std::to_string(parts.of) + " parts are there";
    }
    models.push_back(std::move(parts.model));
  }
  return models;
}

void add_repository(std::string_view place, const std::string& repository,
                    const std::vector<GgufModel>& models, ModelCatalogue& into) {
  std::map<std::string, unsigned> uses;
  for (const GgufModel& model : models) ++uses[lower(split_quantization(model.stem).quantization)];
  for (const GgufModel& model : models) {
    const NameParts parts = split_quantization(model.stem);
    const bool named = !parts.quantization.empty() && uses[lower(parts.quantization)] == 1;
    FoundModel found;
    found.place = place;
    found.name = repository + ":" + (named ? parts.quantization : model.stem);
    found.file = model.file;
    found.bytes = model.bytes;
    found.repository = repository;
    found.base = parts.base;
    found.quantization = parts.quantization;
    found.problem = model.problem;
    into.models.push_back(std::move(found));
  }
}

}  // namespace redbolt::llm::models
