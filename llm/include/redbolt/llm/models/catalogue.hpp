// The models that lie on this computer: in Redbolt's own folder and in those that Ollama, LM Studio
// and the Hugging Face cache fill. Nothing is written, and what other programs left there is not
// trusted: damaged manifests, paths that lead elsewhere and loops of links end in a note.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redbolt::llm {

struct FoundModel {
  // As it is asked for: "qwen3:32b", "Qwen/Qwen3-8B-GGUF:Q4_K_M", "Qwen3-8B-Q4_K_M".
  std::string name;
  std::string_view place;      // "Redbolt", "Ollama", "LM Studio", "Hugging Face"
  std::filesystem::path file;  // a GGUF file; of a split model the first part
  std::uint64_t bytes = 0;     // on disk, all parts together
  std::string repository;  // the name without tag or quantisation: "qwen3", "Qwen/Qwen3-8B-GGUF"
  std::string base;        // what is left of the file's name without its quantisation
  // As the name says it, "Q4_K_M"; empty where it does not.
  std::string quantization;
  std::string problem;  // why it cannot be used; empty: nothing is known against it
};

// A value of the environment, or nothing.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

// A folder that is looked through.
struct ModelRoot {
  std::string_view place;
  std::filesystem::path folder;
};

// In the order in which they are looked through, whether they exist or not; the first is Redbolt's
// own. $REDBOLT_MODELS, else $XDG_DATA_HOME/redbolt/models, else ~/.local/share/redbolt/models.
std::vector<ModelRoot> model_roots(const Environment& environment);

struct ModelCatalogue {
  std::vector<FoundModel> models;  // by place, then by name
  std::vector<std::string> notes;  // what could not be looked at, and why
};

// Looks through every folder there is. Opens manifests, but no model.
ModelCatalogue find_models(const Environment& environment);

// Whether the text is taken for a file's path and not for a name: a file that exists, or a text
// that can be nothing else ("./x", "/x", "x.gguf").
bool is_model_path(std::string_view model);

// The model of that name. Letters' case does not matter; "latest" is the tag where none is given;
// where the quantisation is not named, Q4_K_M comes first; a model that lies in several places is
// taken from the first. Throws LlmError{model_not_found} with the names that are nearest,
// {ambiguous_model} with the candidates, or {io} if it is damaged.
const FoundModel& look_up_model(std::string_view name, const ModelCatalogue& catalogue);

// The GGUF file that a MODEL argument means. A path is returned as it is, whether it exists or not.
// Throws as look_up_model does.
std::filesystem::path model_file(std::string_view model, const Environment& environment);

}  // namespace redbolt::llm
