// Looking through folders that others fill: bounded in depth and number, following links without
// running in circles.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "redbolt/llm/models/catalogue.hpp"

namespace redbolt::llm::models {

struct FolderEntry {
  std::filesystem::path path;
  bool is_folder = false;  // or a link to one; else a regular file, or a link to one
};

// What lies in a folder, by name; hidden entries, and what is neither file nor folder, are left
// out. What cannot be read is noted.
std::vector<FolderEntry> list_folder(const std::filesystem::path& folder,
                                     std::vector<std::string>& notes);

// The regular files below a folder, at most `depth` folders deep (1: in the folder itself).
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder, unsigned depth,
                                               std::vector<std::string>& notes);

// A model made of one or several GGUF files of a folder.
struct GgufModel {
  std::filesystem::path file;  // the first part
  std::string stem;            // its name without ".gguf" and "-00001-of-00003"
  std::uint64_t bytes = 0;
  std::string problem;  // parts are missing
};

// The GGUF models among the files: split ones once; projectors of vision models (mmproj) are none.
std::vector<GgufModel> gguf_models(const std::vector<std::filesystem::path>& files);

// Adds the models of one repository, "user/repo": named by their quantisations, or by their files
// where these do not tell them apart.
void add_repository(std::string_view place, const std::string& repository,
                    const std::vector<GgufModel>& models, ModelCatalogue& into);

}  // namespace redbolt::llm::models
