// Host memory that a server lends: mapped from a descriptor, or reached by a handle. The protocol
// cannot give it back before the connection ends, so what is released is kept here for the next who
// asks.
//
// Belongs to the function's thread, but for data(); see PciFunction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/pci/pci_function.hpp"
#include "remote/connection.hpp"

namespace redbolt::pci::remote {

// A shared mapping of a whole descriptor.
class Mapping {
 public:
  Mapping() = default;
  // Makes sure that the file has `size` bytes, and as far as the system allows that it keeps them.
  // Throws PciError::no_host_memory.
  Mapping(FileDescriptor file, Bytes size);
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  std::byte* data() const { return data_; }
  int descriptor() const { return file_.get(); }

 private:
  FileDescriptor file_;
  std::byte* data_ = nullptr;
  std::uint64_t size_ = 0;
};

struct LentMemory {
  std::vector<BusAddress> pages;
  bool contiguous = false;
  Mapping mapping;           // data() is nullptr where the memory lies with the server
  std::uint32_t handle = 0;  // there
};

class LentMemoryPool : public std::enable_shared_from_this<LentMemoryPool> {
 public:
  // with_descriptors: the connection can carry file descriptors.
  LentMemoryPool(std::shared_ptr<Connection> connection, bool with_descriptors)
      : connection_(std::move(connection)), with_descriptors_(with_descriptors) {}

  // Throws PciError.
  std::unique_ptr<HostMemory> allocate(Bytes size, Contiguity contiguity);

 private:
  class Block;

  std::optional<LentMemory> reuse(std::uint64_t pages, bool contiguous);
  LentMemory borrow_mapped(std::uint64_t pages, bool contiguous);
  LentMemory borrow_by_handle(std::uint64_t pages, bool contiguous);
  void clear(LentMemory& memory);

  std::shared_ptr<Connection> connection_;
  bool with_descriptors_;
  std::vector<LentMemory> released_;
};

}  // namespace redbolt::pci::remote
