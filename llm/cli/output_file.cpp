#include "cli/output_file.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "redbolt/llm/error.hpp"

namespace redbolt::llm::cli {
namespace {

LlmError cannot_write(const std::filesystem::path& path, const std::string& why) {
  return {ErrorCode::io, "cannot write " + path.string() + ": " + why};
}

bool is_special(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
}

}  // namespace

OutputFile::OutputFile(const std::filesystem::path& target) : target_(target), written_(target) {
  if (!is_special(target)) written_ += ".partial";
  errno = 0;
  stream_.open(written_, std::ios::binary | std::ios::trunc);
  if (!stream_) throw cannot_write(target, std::strerror(errno));
}

OutputFile::~OutputFile() {
  if (committed_ || written_ == target_) return;
  stream_.close();
  std::error_code ignored;
  std::filesystem::remove(written_, ignored);
}

void OutputFile::write(std::span<const std::byte> bytes) {
  stream_.write(reinterpret_cast<const char*>(bytes.data()),
                static_cast<std::streamsize>(bytes.size()));
}

void OutputFile::commit() {
  errno = 0;
  stream_.close();
  if (!stream_) throw cannot_write(target_, errno != 0 ? std::strerror(errno) : "write error");
  if (written_ != target_) {
    std::error_code error;
    std::filesystem::rename(written_, target_, error);
    if (error) throw cannot_write(target_, error.message());
  }
  committed_ = true;
}

}  // namespace redbolt::llm::cli
