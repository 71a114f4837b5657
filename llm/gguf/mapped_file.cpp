#include "redbolt/llm/gguf/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

LlmError cannot_open(const std::filesystem::path& path, const std::string& why) {
  return {ErrorCode::io, "cannot open the model file " + path.string() + ": " + why};
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  // O_NONBLOCK: a FIFO in the place of a file is refused below instead of being waited for.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) throw cannot_open(path, std::strerror(errno));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) throw cannot_open(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) throw cannot_open(path, "not a regular file");
  if (status.st_size == 0) return;
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (memory == MAP_FAILED) throw cannot_open(path, std::strerror(errno));
  bytes_ = {static_cast<const std::byte*>(memory), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace redbolt::llm
