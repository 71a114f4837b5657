// Ollama's folder: manifests/HOST/NAMESPACE/MODEL/TAG is a JSON file that names blobs/sha256-HASH.
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "models/folder.hpp"
#include "models/name.hpp"
#include "models/place.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::models {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDefaultHost = "registry.ollama.ai";
constexpr std::string_view kDefaultNamespace = "library";
constexpr std::string_view kModelLayer = "application/vnd.ollama.image.model";
constexpr std::string_view kAdapterLayer = "application/vnd.ollama.image.adapter";
// Real ones have about a kilobyte.
constexpr std::uintmax_t kLargestManifest = 1 << 20;

std::vector<fs::path> roots(const Environment& environment) {
  std::vector<fs::path> folders = {
      folder_or(environment, "OLLAMA_MODELS", below_home(environment, ".ollama/models"))};
#ifndef __APPLE__
  // Where its system service keeps them.
  folders.emplace_back("/usr/share/ollama/.ollama/models");
#endif
  return folders;
}

bool is_layer(const nlohmann::json& layer, std::string_view type) {
  const auto found = layer.find("mediaType");
  return found != layer.end() && found->is_string() && found->get_ref<const std::string&>() == type;
}

// The name of a blob's file; empty for what is not a SHA-256 digest, which might be a path.
std::string blob_name(const nlohmann::json& layer) {
  const auto found = layer.find("digest");
  if (found == layer.end() || !found->is_string()) return {};
  const std::string& digest = found->get_ref<const std::string&>();
  constexpr std::size_t kHexDigits = 64;
  if (digest.size() != 7 + kHexDigits) return {};
  if (!digest.starts_with("sha256:") && !digest.starts_with("sha256-")) return {};
  const std::string hash = digest.substr(7);
  if (hash.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return {};
  return "sha256-" + lower(hash);
}

nlohmann::json read_manifest(const fs::path& path) {
  std::error_code error;
  if (fs::file_size(path, error) > kLargestManifest || error)
    return nlohmann::json::value_t::discarded;
  std::ifstream file(path, std::ios::binary);
  const bool allow_exceptions = false;
  return nlohmann::json::parse(file, nullptr, allow_exceptions);
}

// Fills in file and size, or the problem.
void read_model(const fs::path& root, const fs::path& manifest_path, FoundModel& model) {
  const std::string named = "its manifest " + printable(manifest_path.string(), 400);
  const nlohmann::json manifest = read_manifest(manifest_path);
  const auto layers = manifest.find("layers");
  if (layers == manifest.end() || !layers->is_array()) {
    model.problem = named + " is damaged; pull it again";
    return;
  }
  for (const nlohmann::json& layer : *layers) {
    if (is_layer(layer, kAdapterLayer)) {
      model.problem = "it needs an adapter, which is not supported";
      return;
    }
    if (!is_layer(layer, kModelLayer) || !model.file.empty()) continue;
    const std::string blob = blob_name(layer);
    if (blob.empty()) {
      model.problem = named + " names a file that is no blob; pull it again";
      return;
    }
    model.file = root / "blobs" / blob;
  }
  if (model.file.empty()) {
    model.problem = "there is no GGUF file in it";
    return;
  }
  std::error_code error;
  if (!fs::is_regular_file(model.file, error)) {
    model.problem =
        "its file " + printable(model.file.string(), 400) + " is missing; pull it again";
    return;
  }
  model.bytes = fs::file_size(model.file, error);
}

// "qwen3", "user/model", "hf.co/user/model".
std::string repository_name(const fs::path& relative) {
  auto part = relative.begin();
  const std::string host = (part++)->string(), space = (part++)->string(), name = part->string();
  if (host != kDefaultHost) return host + "/" + space + "/" + name;
  return space == kDefaultNamespace ? name : space + "/" + name;
}

void search(const fs::path& root, ModelCatalogue& into) {
  constexpr unsigned kDepth = 4;
  const fs::path manifests = root / "manifests";
  std::error_code error;
  if (!fs::is_directory(manifests, error)) return;
  for (const fs::path& path : files_below(manifests, kDepth, into.notes)) {
    const fs::path relative = path.lexically_relative(manifests);
    if (std::distance(relative.begin(), relative.end()) != kDepth) continue;
    const std::string tag = path.filename().string();
    FoundModel model;
    model.place = kOllama.name;
    model.repository = repository_name(relative);
    model.name = model.repository + ":" + tag;
    const NameParts parts = split_quantization(tag);
    model.base = relative.parent_path().filename().string() + ":" + parts.base;
    model.quantization = parts.quantization;
    read_model(root, path, model);
    into.models.push_back(std::move(model));
  }
}

}  // namespace

const Place kOllama = {"Ollama", roots, search};

}  // namespace redbolt::llm::models
