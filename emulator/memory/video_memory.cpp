#include "memory/video_memory.hpp"

#include <sys/mman.h>

#include <string>

#include "memory/copy_memory.hpp"
#include "redbolt/base/checked.hpp"
#include "redbolt/emulator/card.hpp"

namespace redbolt::emulator {

VideoMemory::VideoMemory(Bytes size) : size_(size) {
  void* const memory = ::mmap(nullptr, size.count(), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    throw EmulatorError(
        EmulatorErrorCode::no_host_resource,
        "The host has no address space for " + std::to_string(size.count() >> 20) +
            " MiB of emulated VRAM; use a smaller vram= or lift the limit (ulimit -v).");
  }
  base_ = static_cast<std::byte*>(memory);
}

VideoMemory::~VideoMemory() {
  ::munmap(base_, size_.count());
}

bool VideoMemory::contains(VramOffset offset, Bytes size) const {
  return range_fits(offset.value(), size.count(), size_.count());
}

bool VideoMemory::read(VramOffset offset, std::span<std::byte> into) const {
  if (!contains(offset, Bytes(into.size()))) return false;
  copy_memory(into.data(), at(offset), into.size());
  return true;
}

bool VideoMemory::write(VramOffset offset, std::span<const std::byte> from) {
  if (!contains(offset, Bytes(from.size()))) return false;
  copy_memory(at(offset), from.data(), from.size());
  return true;
}

void VideoMemory::clear() {
  // Private anonymous memory reads as zeros after this.
  ::madvise(base_, size_.count(), MADV_DONTNEED);
}

}  // namespace redbolt::emulator
