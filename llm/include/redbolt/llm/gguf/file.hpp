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

#include "redbolt/llm/gguf/input_file.hpp"
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

// The checked tables of one file, as views into the bytes of its beginning.
struct GgufContents {
  std::uint32_t version = 0;
  std::uint64_t alignment = 0;
  Metadata metadata;
  std::vector<TensorInfo> tensors;
};

// Reads the tables of a whole file held in memory; the result refers to `file`. Throws LlmError.
GgufContents parse_gguf(std::span<const std::byte> file);
// The same from the beginning of a file of `file_size` bytes; `truncated` also if it is too short
// for the tables.
GgufContents parse_gguf(std::span<const std::byte> beginning, std::uint64_t file_size);

class GgufFile {
 public:
  // Reads and checks the tables. Throws LlmError; its message starts with the path.
  explicit GgufFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_.path(); }
  std::uint64_t size() const { return file_.size(); }
  const InputFile& input() const { return file_; }
  std::uint32_t version() const { return contents_.version; }
  const Metadata& metadata() const { return contents_.metadata; }
  std::span<const TensorInfo> tensors() const { return contents_.tensors; }
  // Bytes of one of this file's tensors, from `offset` in it. Throws LlmError{io} if the file has
  // been cut short.
  void read(const TensorInfo& tensor, std::uint64_t offset, std::span<std::byte> into) const {
    file_.read(tensor.offset + offset, into);
  }

 private:
  InputFile file_;
  std::vector<std::byte> tables_;  // the beginning of the file, to which contents_ refers
  GgufContents contents_;
};

}  // namespace redbolt::llm
