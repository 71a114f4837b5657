// What other programs leave behind, made up: a manifest of Ollama's, and a Hugging Face cache whose
// reference and files have arbitrary names. Nothing outside the folder is ever found, and a name
// that is asked for is found or refused.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/llm/error.hpp"
#include "redbolt/llm/models/catalogue.hpp"
#include "temporary_folder.hpp"

namespace {

using namespace redbolt;
using namespace redbolt::llm;
namespace fs = std::filesystem;

void write(const fs::path& path, std::string_view text) {
  if (!fs::exists(path.parent_path())) fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

// A name that the file system takes, in one folder.
std::string file_name(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  std::string name(text.substr(0, kLongest));
  std::ranges::replace(name, '/', '_');
  std::ranges::replace(name, '\0', '_');
  return name;
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

ModelCatalogue catalogue_of(const fs::path& home) {
  return find_models([&](const std::string& name) -> std::optional<std::string> {
    if (name == "HOME") return home.string();
    return std::nullopt;
  });
}

void expect_sound(const ModelCatalogue& catalogue, const fs::path& home) {
  for (const FoundModel& model : catalogue.models) {
    if (!model.problem.empty() || model.file.string().starts_with("/usr/share/ollama")) continue;
    const fs::path relative = model.file.lexically_normal().lexically_relative(home);
    if (relative.empty() || *relative.begin() == ".." || !fs::is_regular_file(model.file))
      std::abort();
  }
}

void look_up(std::string_view name, const ModelCatalogue& catalogue) {
  try {
    look_up_model(name, catalogue);
  } catch (const LlmError& error) {
    if (std::string_view(error.what()).empty()) std::abort();
  }
}

}  // namespace

// The name that is asked for, what refs/main holds, and two files' names, a line each; then a
// manifest.
std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  const std::string hash(64, 'a');
  const std::string lines =
      "user/repo:Q4_K_M\nmain\nModel-8B-Q4_K_M-00001-of-00002.gguf\nmodel.Q8_0.gguf\n";
  std::vector<std::vector<std::uint8_t>> samples;
  for (const std::string& digest : {"sha256:" + hash, "sha256-" + hash, "../../" + hash}) {
    const std::string text =
        lines + R"({"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":")" +
        digest + R"("},{"mediaType":"application/vnd.ollama.image.license","digest":5}]})";
    samples.emplace_back(text.begin(), text.end());
  }
  return samples;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const test::TemporaryFolder folder;
  const fs::path home = folder.path() / "home";
  const fs::path ollama = home / ".ollama/models";
  const fs::path repository = home / ".cache/huggingface/hub/models--user--repo";
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view name = next_line(rest), revision = next_line(rest);
  const std::string files[] = {file_name(next_line(rest)), file_name(next_line(rest))};

  static const bool prepared = [&] {
    write(ollama / "blobs" / ("sha256-" + std::string(64, 'a')), "GGUF");
    write(folder.path() / std::string(64, 'a'), "GGUF");  // not to be reached
    fs::create_directories(ollama / "manifests/registry.ollama.ai/library/model");
    fs::create_directories(repository / "refs");
    return fs::create_directories(repository / "snapshots/main");
  }();
  if (!prepared) std::abort();
  write(ollama / "manifests/registry.ollama.ai/library/model/8b", rest);
  write(repository / "refs/main", revision);
  std::vector<fs::path> written;
  for (const std::string& file : files) {
    if (file.empty() || file == "." || file == "..") continue;
    written.push_back(repository / "snapshots/main" / file);
    write(written.back(), "GGUF");
  }
  const ModelCatalogue catalogue = catalogue_of(home);
  expect_sound(catalogue, home);
  look_up(name, catalogue);
  look_up("model:8b", catalogue);
  for (const fs::path& file : written) fs::remove(file);
  return 0;
}
