#include "client_memory.hpp"

#include "daemon_error.hpp"

namespace redbolt::daemon {

Grant::Grant(Grant&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)),
      address_(other.address_),
      size_(other.size_) {}

Grant& Grant::operator=(Grant&& other) noexcept {
  if (this == &other) return *this;
  release();
  memory_ = std::exchange(other.memory_, nullptr);
  address_ = other.address_;
  size_ = other.size_;
  return *this;
}

Grant::~Grant() {
  release();
}

void Grant::release() noexcept {
  if (memory_ != nullptr) std::exchange(memory_, nullptr)->revoke(address_, size_);
}

ClientMemory::ClientMemory(Device& device)
    : device_(device), owner_(device.next_owner()), context_(device.backend().create_context()) {}

GrantedBlock ClientMemory::take(Region region, Bytes size, driver::MemoryAccess access,
                                const std::string& what) {
  GrantedBlock result;
  result.block = device_.take(region, size, what);
  result.address = device_.backend().region(region).address + result.block.offset();
  for (const auto& range : device_.claim(region, result.block, owner_)) {
    result.leftovers.push_back(
        {result.address + (range.offset - result.block.offset()), range.size});
  }
  result.grant = grant(result.address, result.block.size(), access);
  return result;
}

Grant ClientMemory::grant(driver::GpuAddress address, Bytes size, driver::MemoryAccess access) {
  context_->grant(address, size, access);
  Grant grant;
  grant.memory_ = this;
  grant.address_ = address;
  grant.size_ = size;
  return grant;
}

std::vector<VramRegion> ClientMemory::use_scratch() {
  if (scratch_.memory_ != nullptr) return {};
  const driver::DispatchLimits limits = device_.backend().dispatch_limits();
  scratch_ = grant(limits.scratch, limits.scratch_size, driver::MemoryAccess::read_write);
  if (!device_.claim_scratch(owner_)) return {};
  return {{limits.scratch, limits.scratch_size}};
}

void ClientMemory::revoke(driver::GpuAddress address, Bytes size) noexcept {
  if (!context_) return;
  try {
    context_->revoke(address, size);
  } catch (...) {
    // The card does not confirm that it has forgotten the memory, so nobody may have it before the
    // card has been stopped.
    device_.fail(describe(std::current_exception()));
  }
}

}  // namespace redbolt::daemon
