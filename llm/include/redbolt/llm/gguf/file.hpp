// One GGUF file: header, metadata and tensor table, checked from end to end before anything uses
// them. Versions 2 and 3, little-endian. Whatever the bytes are, reading them ends in a checked
// table or in an LlmError; no length from the file is used before it is compared with the file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "redbolt/llm/gguf/mapped_file.hpp"
#include "redbolt/llm/gguf/metadata.hpp"
#include "redbolt/llm/gguf/tensor_type.hpp"

namespace redbolt::llm {

// A tensor as its file describes it.
struct TensorInfo {
  std::string_view name;
  const TensorType* type = nullptr;
  unsigned dimension_count = 0;
  // dimensions[0] is the fastest axis; the unused ones are 1.
  std::array<std::uint64_t, 4> dimensions{1, 1, 1, 1};
  std::uint64_t offset = 0;  // bytes from the start of the file
  std::uint64_t size = 0;    // bytes
};

// The checked tables of one file, as views into its bytes.
struct GgufContents {
  std::uint32_t version = 0;
  std::uint64_t alignment = 0;
  Metadata metadata;
  std::vector<TensorInfo> tensors;
};

// Reads the tables of a whole file held in memory; the result refers to `file`. Throws LlmError.
GgufContents parse_gguf(std::span<const std::byte> file);

class GgufFile {
 public:
  // Maps and checks the file. Throws LlmError; its message starts with the path.
  explicit GgufFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return mapping_.bytes().size(); }
  std::uint32_t version() const { return contents_.version; }
  const Metadata& metadata() const { return contents_.metadata; }
  std::span<const TensorInfo> tensors() const { return contents_.tensors; }
  // The bytes of one of this file's tensors.
  std::span<const std::byte> data(const TensorInfo& tensor) const {
    return mapping_.bytes().subspan(tensor.offset, tensor.size);
  }

 private:
  std::filesystem::path path_;
  MappedFile mapping_;
  GgufContents contents_;
};

}  // namespace redbolt::llm
