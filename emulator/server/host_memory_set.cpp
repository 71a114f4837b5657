#include "host_memory_set.hpp"

#include <string>

#include "redbolt/base/checked.hpp"

namespace redbolt::emulator {

std::unique_ptr<pci::HostMemory> HostMemorySet::allocate(pci::PciFunction& function, Bytes size,
                                                         pci::Contiguity contiguity) {
  const auto refuse = [&](const std::string& why) {
    throw pci::PciError(pci::PciErrorCode::no_host_memory,
                        "no host memory of " + std::to_string(size.count()) + " bytes: " + why);
  };
  const auto rounded = checked_align_up(size.count(), pci::HostMemory::page_size.count());
  if (!rounded || *rounded == 0) refuse("the size is out of range");
  if (by_handle_.size() + shared_.size() >= most_allocations_)
    refuse("this connection has " + std::to_string(most_allocations_) + " allocations already");
  // Claimed before it is had, so that connections that ask at the same time stay within the limit.
  const std::uint64_t before = in_use_.fetch_add(*rounded);
  if (!range_fits(before, *rounded, limit_.count())) {
    in_use_.fetch_sub(*rounded);
    refuse(std::to_string(before) + " of " + std::to_string(limit_.count()) + " bytes are in use");
  }
  try {
    auto memory = function.allocate_host_memory(size, contiguity);
    held_ += *rounded;
    return memory;
  } catch (...) {
    in_use_.fetch_sub(*rounded);
    throw;
  }
}

std::uint32_t HostMemorySet::allocate_by_handle(pci::PciFunction& function, Bytes size,
                                                pci::Contiguity contiguity) {
  by_handle_.push_back(allocate(function, size, contiguity));
  return static_cast<std::uint32_t>(by_handle_.size() - 1);
}

pci::HostMemory& HostMemorySet::allocate_to_share(pci::PciFunction& function, Bytes size,
                                                  pci::Contiguity contiguity) {
  shared_.push_back(allocate(function, size, contiguity));
  return *shared_.back();
}

pci::HostMemory& HostMemorySet::find(std::uint32_t handle) const {
  if (handle >= by_handle_.size()) {
    throw pci::PciError(pci::PciErrorCode::out_of_range,
                        "there is no host memory with handle " + std::to_string(handle));
  }
  return *by_handle_[handle];
}

void HostMemorySet::clear() {
  by_handle_.clear();
  shared_.clear();
  in_use_.fetch_sub(held_);
  held_ = 0;
}

}  // namespace redbolt::emulator
