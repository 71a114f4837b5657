#include "cli/private_file.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm::cli {
namespace {

namespace fs = std::filesystem;

LlmError cannot_write(const fs::path& path, const std::string& why) {
  return {ErrorCode::io, "cannot write " + path.string() + ": " + why};
}

void write_all(int file, std::string_view text, const fs::path& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw cannot_write(path, std::strerror(errno));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void make_folder_of(const fs::path& file) {
  const fs::path folder = file.parent_path();
  std::error_code error;
  if (folder.empty() || fs::is_directory(folder, error)) return;
  if (fs::create_directories(folder, error)) fs::permissions(folder, fs::perms::owner_all, error);
  if (error) throw cannot_write(folder, error.message());
}

void write_private_file(const fs::path& file, std::string_view text) {
  make_folder_of(file);
  std::string written = file.string() + ".XXXXXX";
  const FileDescriptor target(mkstemp(written.data()));  // mode 0600
  if (!target.valid()) throw cannot_write(file, std::strerror(errno));
  try {
    write_all(target.get(), text, file);
    if (rename(written.c_str(), file.c_str()) != 0) throw cannot_write(file, std::strerror(errno));
  } catch (...) {
    unlink(written.c_str());
    throw;
  }
}

}  // namespace redbolt::llm::cli
