// A file that is read piece by piece. Nothing of it is mapped: a file that another process cuts
// short meanwhile ends in an error, not in a signal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::llm {

// What a file is recognised by without reading it: it changes when the content does.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;  // of the content, since 1970
  std::int64_t changed_ns = 0;   // of content or attributes; no program can set it
  bool operator==(const FileIdentity&) const = default;
};

class InputFile {
 public:
  // Throws LlmError{io} when the path is not a readable regular file.
  explicit InputFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }  // when it was opened

  // Reads into.size() bytes at `offset`. Throws LlmError{io} when they are not there (any more).
  // May be called from several threads.
  void read(std::uint64_t offset, std::span<std::byte> into) const;

  // As it is now. Throws LlmError{io}.
  FileIdentity identity() const;

 private:
  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint64_t size_ = 0;
};

}  // namespace redbolt::llm
