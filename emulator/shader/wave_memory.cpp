#include "wave_memory.hpp"

#include <algorithm>

namespace redbolt::emulator {
namespace {

REDBOLT_GUEST_MEMORY void copy_bytes(std::byte* to, const std::byte* from, std::uint32_t size) {
  if (size == 4) {
    *reinterpret_cast<std::uint32_t*>(to) = *reinterpret_cast<const std::uint32_t*>(from);
    return;
  }
  for (std::uint32_t i = 0; i < size; ++i) to[i] = from[i];
}

}  // namespace

void WaveMemory::revalidate() {
  const std::uint64_t now = port_.generation();
  if (now == generation_) return;
  generation_ = now;
  recent_.fill({});
  large_.fill({});
}

const MemoryPort::Page* WaveMemory::find_anew(std::uint64_t address, MemoryAccess access) {
  Page& kept = recent_[slot(address)];
  for (const Page& page : large_) {
    if (address - page.base < page.size && permits(page, access)) {
      kept = page;
      return &kept;
    }
  }
  Page page;
  if (!port_.lookup(address, access, page)) return nullptr;
  kept = page;
  large_[next_large_++ % large_.size()] = page;
  return &kept;
}

bool WaveMemory::read(std::uint64_t address, void* into, std::uint32_t size,
                      std::uint64_t& faulted) {
  auto* to = static_cast<std::byte*>(into);
  while (size != 0) {
    const Page* page = find(address, MemoryAccess::read);
    if (page == nullptr) {
      faulted = address;
      return false;
    }
    const std::uint64_t offset = address - page->base;
    const auto part =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(size, page->size - offset));
    copy_bytes(to, page->host + offset, part);
    to += part;
    address += part;
    size -= part;
  }
  return true;
}

bool WaveMemory::write(std::uint64_t address, const void* from, std::uint32_t size,
                       std::uint64_t& faulted) {
  const auto* source = static_cast<const std::byte*>(from);
  while (size != 0) {
    const Page* page = find(address, MemoryAccess::write);
    if (page == nullptr) {
      faulted = address;
      return false;
    }
    const std::uint64_t offset = address - page->base;
    const auto part =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(size, page->size - offset));
    copy_bytes(page->host + offset, source, part);
    source += part;
    address += part;
    size -= part;
  }
  return true;
}

}  // namespace redbolt::emulator
