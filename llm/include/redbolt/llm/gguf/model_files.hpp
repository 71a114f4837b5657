// The file or files of one model: a single GGUF file, or the shards of a split one
// (PREFIX-00001-of-00003.gguf ...), seen as one set of tensors with the metadata of the first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "redbolt/llm/gguf/file.hpp"

namespace redbolt::llm {

// A tensor and the file that has its bytes.
struct ModelTensor {
  TensorInfo info;
  const GgufFile* file = nullptr;

  // Its bytes from `offset` on. Throws LlmError{io}.
  void read(std::uint64_t offset, std::span<std::byte> into) const {
    file->read(info, offset, into);
  }
  std::vector<std::byte> read() const {
    std::vector<std::byte> bytes(info.size);
    read(0, bytes);
    return bytes;
  }
};

class ModelFiles {
 public:
  // Opens a model; for a split one `path` is the first shard, and its siblings are found by name.
  // Throws LlmError.
  explicit ModelFiles(const std::filesystem::path& path);
  ModelFiles(const ModelFiles&) = delete;
  ModelFiles& operator=(const ModelFiles&) = delete;

  const Metadata& metadata() const { return files_.front().metadata(); }
  std::span<const GgufFile> files() const { return files_; }
  // In the order of the files.
  std::span<const ModelTensor> tensors() const { return tensors_; }
  // nullptr when the model has no such tensor.
  const ModelTensor* find(std::string_view name) const;
  // Bytes of all tensors together.
  std::uint64_t tensor_bytes() const;

 private:
  void add_tensors(const GgufFile& file);

  std::vector<GgufFile> files_;
  std::vector<ModelTensor> tensors_;
  std::unordered_map<std::string_view, std::size_t> index_;
};

}  // namespace redbolt::llm
