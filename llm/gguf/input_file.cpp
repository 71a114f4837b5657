#include "redbolt/llm/gguf/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

LlmError io_error(const char* what, const std::filesystem::path& path, const std::string& why) {
  return {ErrorCode::io, std::string(what) + " the model file " + path.string() + ": " + why};
}

struct stat status_of(const FileDescriptor& file, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw io_error("cannot open", path, std::strerror(errno));
  return status;
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path)
    // O_NONBLOCK: a FIFO in the place of a file is refused below instead of being waited for.
    : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (!file_.valid()) throw io_error("cannot open", path, std::strerror(errno));
  const struct stat status = status_of(file_, path);
  if (!S_ISREG(status.st_mode)) throw io_error("cannot open", path, "not a regular file");
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void InputFile::read(std::uint64_t offset, std::span<std::byte> into) const {
  while (!into.empty()) {
    const ssize_t count =
        ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw io_error("cannot read", path_, std::strerror(errno));
    if (count == 0) {
      throw io_error(
          "cannot read", path_,
          "it ends at byte " + std::to_string(offset) + "; it was cut short while it was in use");
    }
    offset += static_cast<std::uint64_t>(count);
    into = into.subspan(static_cast<std::size_t>(count));
  }
}

FileIdentity InputFile::identity() const {
  const struct stat status = status_of(file_, path_);
  FileIdentity identity;
  identity.device = static_cast<std::uint64_t>(status.st_dev);
  identity.inode = static_cast<std::uint64_t>(status.st_ino);
  identity.size = static_cast<std::uint64_t>(status.st_size);
#ifdef __APPLE__
  identity.modified_ns = nanoseconds(status.st_mtimespec);
  identity.changed_ns = nanoseconds(status.st_ctimespec);
#else
  identity.modified_ns = nanoseconds(status.st_mtim);
  identity.changed_ns = nanoseconds(status.st_ctim);
#endif
  return identity;
}

}  // namespace redbolt::llm
