// A result file that is either complete or not there.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <span>

namespace redbolt::llm::cli {

// Writes beside the target and takes its place on commit(); without it, nothing is left behind. A
// target that exists and is not a regular file, such as /dev/stdout, is written directly.
class OutputFile {
 public:
  // Throws LlmError{io}.
  explicit OutputFile(const std::filesystem::path& target);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  void write(std::span<const std::byte> bytes);
  // Throws LlmError{io} when not everything could be written.
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path written_;
  std::ofstream stream_;
  bool committed_ = false;
};

}  // namespace redbolt::llm::cli
