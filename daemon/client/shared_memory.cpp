#include "redbolt/client/shared_memory.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

namespace redbolt::client {
namespace {

std::span<std::byte> map_shared(Bytes size, const FileDescriptor& descriptor) {
  struct stat status{};
  if (::fstat(descriptor.get(), &status) != 0 || status.st_size < 0 ||
      static_cast<std::uint64_t>(status.st_size) < size.count() ||
      size.count() > std::numeric_limits<std::size_t>::max()) {
    // Touching pages beyond the end of the file would be a SIGBUS later.
    throw ClientError(ClientErrorCode::protocol,
                      "the shared memory that the daemon sent is smaller than it said");
  }
  const auto length = static_cast<std::size_t>(size.count());
  void* mapped = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.get(), 0);
  if (mapped == MAP_FAILED) {
    throw ClientError(ClientErrorCode::internal, "shared memory could not be mapped: " +
                                                     std::generic_category().message(errno));
  }
  return {static_cast<std::byte*>(mapped), length};
}

}  // namespace

SharedMemory::SharedMemory(BufferId id, Bytes size, FileDescriptor descriptor)
    : id_(id), bytes_(map_shared(size, descriptor)) {}

SharedMemory::~SharedMemory() {
  unmap();
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : id_(std::exchange(other.id_, BufferId())), bytes_(std::exchange(other.bytes_, {})) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  if (this != &other) {
    unmap();
    id_ = std::exchange(other.id_, BufferId());
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

void SharedMemory::unmap() noexcept {
  if (bytes_.data() != nullptr) ::munmap(bytes_.data(), bytes_.size());
  bytes_ = {};
}

}  // namespace redbolt::client
