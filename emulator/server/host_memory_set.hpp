// The host memory of one connection. Freed with this object, or by clear().
//
// Threads: one at a time; what all connections share is in the counter.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "redbolt/pci/pci_function.hpp"

namespace redbolt::emulator {

class HostMemorySet {
 public:
  // `in_use` counts the bytes of all sets; together they stay within `limit`.
  HostMemorySet(std::atomic<std::uint64_t>& in_use, Bytes limit, unsigned most_allocations)
      : in_use_(in_use), limit_(limit), most_allocations_(most_allocations) {}
  ~HostMemorySet() { clear(); }
  HostMemorySet(const HostMemorySet&) = delete;
  HostMemorySet& operator=(const HostMemorySet&) = delete;

  // Memory that the client names by the handle that is returned: 0, 1, 2 ...
  std::uint32_t allocate_by_handle(pci::PciFunction& function, Bytes size,
                                   pci::Contiguity contiguity);
  // Memory that the client maps. Stays until the end.
  pci::HostMemory& allocate_to_share(pci::PciFunction& function, Bytes size,
                                     pci::Contiguity contiguity);
  // Throws pci::PciError(out_of_range) for a handle that was not given out.
  pci::HostMemory& find(std::uint32_t handle) const;
  void clear();

 private:
  std::unique_ptr<pci::HostMemory> allocate(pci::PciFunction& function, Bytes size,
                                            pci::Contiguity contiguity);

  std::atomic<std::uint64_t>& in_use_;
  const Bytes limit_;
  const std::size_t most_allocations_;
  std::vector<std::unique_ptr<pci::HostMemory>> by_handle_;
  std::vector<std::unique_ptr<pci::HostMemory>> shared_;
  std::uint64_t held_ = 0;
};

}  // namespace redbolt::emulator
