#include "server/models/text_parts.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>

#include "redbolt/llm/error.hpp"
#include "redbolt/llm/model/config.hpp"

namespace redbolt::llm::server {
namespace {

std::int64_t modification_time(const std::filesystem::path& file) {
  std::error_code error;
  const auto time = std::filesystem::last_write_time(file, error);
  if (error) return 0;
  const auto system = std::chrono::file_clock::to_sys(time);
  return std::chrono::duration_cast<std::chrono::seconds>(system.time_since_epoch()).count();
}

// "Q4_K_M" out of "Qwen3-8B-Q4_K_M.gguf": the last part that looks like a type.
std::string quantization_of(std::string name) {
  if (const auto suffix = name.rfind(".gguf"); suffix != std::string::npos) name.resize(suffix);
  std::string found;
  for (std::size_t start = 0; start < name.size();) {
    const auto end = std::min(name.find_first_of("-.", start), name.size());
    const std::string part = name.substr(start, end - start);
    const bool quantized = part.size() > 1 && (part[0] == 'Q' || part[0] == 'q') &&
                           part[1] >= '2' && part[1] <= '8' && (part.size() == 2 || part[2] == '_');
    const bool other = part.starts_with("IQ") || part == "F16" || part == "BF16" || part == "F32";
    if (quantized || other) found = part;
    start = end + 1;
  }
  return found;
}

}  // namespace

LoadedParts load_text_parts(const Metadata& metadata) {
  LoadedParts parts;
  parts.tokenizer = std::make_unique<Tokenizer>(metadata);
  try {
    parts.format = choose_chat_format(metadata, parts.tokenizer->vocabulary());
    parts.answer_format = parts.format->traits().answer;
  } catch (const LlmError& error) {
    parts.no_chat_because = error.what();
  }
  try {
    parts.constraints = std::make_unique<ConstraintCompiler>(*parts.tokenizer);
  } catch (const LlmError& error) {
    parts.no_forms_because = error.what();
  }
  return parts;
}

ModelFacts read_model_facts(const ModelFiles& files) {
  const Metadata& metadata = files.metadata();
  const ModelConfig config = read_model_config(files);
  const std::filesystem::path file = files.files().front().path();
  ModelFacts facts;
  facts.name = config.name;
  facts.architecture = config.architecture->name;
  facts.quantization = quantization_of(file.filename().string());
  facts.chat_template = metadata.find_string("tokenizer.chat_template").value_or("");
  for (const ModelTensor& tensor : files.tensors()) {
    const auto& [width, height, depth, count] = tensor.info.dimensions;
    facts.parameters += width * height * depth * count;
  }
  facts.bytes = files.tensor_bytes();
  facts.trained_context = config.context_length;
  facts.modified = modification_time(file);
  return facts;
}

}  // namespace redbolt::llm::server
