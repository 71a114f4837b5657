#include "flat_memory.hpp"

#include <iterator>
#include <stdexcept>

namespace redbolt::test {
namespace {

constexpr std::uint64_t page_size = 4096;
constexpr std::uint64_t gap = 64 * 1024;

}  // namespace

std::uint64_t FlatMemory::allocate(std::size_t size, Use use) {
  const std::uint64_t address = next_;
  // Instructions are fetched by whole pages.
  const std::size_t stored =
      use == Use::code ? (size + page_size - 1) / page_size * page_size : size;
  regions_.emplace(address, Region{std::vector<std::byte>(stored, std::byte{0xcd}), use});
  next_ += (stored + gap + page_size - 1) / page_size * page_size;
  return address;
}

std::span<std::byte> FlatMemory::bytes(std::uint64_t address, std::size_t size) {
  const auto after = regions_.upper_bound(address);
  if (after == regions_.begin()) throw std::out_of_range("no region at this address");
  const auto region = std::prev(after);
  const std::uint64_t offset = address - region->first;
  if (offset > region->second.data.size() || size > region->second.data.size() - offset) {
    throw std::out_of_range("the range does not lie in one region");
  }
  return std::span(region->second.data).subspan(offset, size);
}

bool FlatMemory::lookup(std::uint64_t address, emulator::MemoryAccess access, Page& page) {
  using emulator::MemoryAccess;
  const auto after = regions_.upper_bound(address);
  if (after != regions_.begin()) {
    const auto found = std::prev(after);
    auto& region = found->second;
    const bool writable = region.use == Use::read_write;
    const bool executable = region.use == Use::code;
    const bool writes = access == MemoryAccess::write || access == MemoryAccess::atomic;
    const bool permitted = (!writes || writable) && (access != MemoryAccess::execute || executable);
    if (address - found->first < region.data.size() && permitted) {
      page = {region.data.data(), found->first, region.data.size(), true, writable,
              executable,         false};
      return true;
    }
  }
  const std::lock_guard lock(mutex_);
  faults_.push_back(address);
  return false;
}

std::vector<std::uint64_t> FlatMemory::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

}  // namespace redbolt::test
