// Pinned host memory that this process, the daemon and the card share. This object is the mapping
// in this process; the buffer itself lives in the daemon under id().
#pragma once

#include <cstddef>
#include <span>

#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/base/quantity.hpp"
#include "redbolt/client/types.hpp"

namespace redbolt::client {

class SharedMemory {
 public:
  // Maps `size` bytes of the descriptor, from its beginning, readable and writable. Throws
  // ClientError::internal if the system refuses, protocol if the file behind it is shorter.
  SharedMemory(BufferId id, Bytes size, FileDescriptor descriptor);
  ~SharedMemory();
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;

  BufferId id() const { return id_; }
  Bytes size() const { return Bytes(bytes_.size()); }
  std::span<std::byte> bytes() const { return bytes_; }

 private:
  void unmap() noexcept;

  BufferId id_;
  std::span<std::byte> bytes_;
};

}  // namespace redbolt::client
