// One worker's view of data memory: pages found through the MemoryPort and kept while the port's
// generation stays the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "redbolt/emulator/shader/memory_port.hpp"

namespace redbolt::emulator {

// Threads: one. What other workers do to the same bytes meanwhile is the running program's
// business.
class WaveMemory {
 public:
  using Page = MemoryPort::Page;

  explicit WaveMemory(MemoryPort& port) : port_(port), generation_(port.generation()) {}

  // Drops the pages kept if the port says so. Called between slices of a wave.
  void revalidate();

  // The page that holds `address` and permits the access; nullptr after a fault.
  const Page* find(std::uint64_t address, MemoryAccess access) {
    const Page& kept = recent_[slot(address)];
    if (address - kept.base < kept.size && permits(kept, access)) return &kept;
    return find_anew(address, access);
  }

  // Copies across page borders. False after a fault, with `faulted` the address.
  bool read(std::uint64_t address, void* into, std::uint32_t size, std::uint64_t& faulted);
  bool write(std::uint64_t address, const void* from, std::uint32_t size, std::uint64_t& faulted);

 private:
  static constexpr std::size_t slots = 64;
  static std::size_t slot(std::uint64_t address) { return (address >> 12) % slots; }
  static bool permits(const Page& page, MemoryAccess access) {
    switch (access) {
      case MemoryAccess::read:
        return page.readable;
      case MemoryAccess::write:
        return page.writable;
      case MemoryAccess::atomic:
        return page.readable && page.writable;
      case MemoryAccess::execute:
        return page.executable;
    }
    return false;
  }
  const Page* find_anew(std::uint64_t address, MemoryAccess access);

  MemoryPort& port_;
  std::uint64_t generation_;
  std::array<Page, slots> recent_{};
  std::array<Page, 4> large_{};  // pages found last, which may be larger than a slot's 4 KiB
  unsigned next_large_ = 0;
};

// Copies between registers and guest memory. Guest programs may race on their memory as the card's
// memory model lets them, which is no data race of the emulator: thread sanitizer is told so.
#if defined(__SANITIZE_THREAD__)
#define REDBOLT_GUEST_MEMORY __attribute__((no_sanitize("thread"), noinline))
#else
#define REDBOLT_GUEST_MEMORY
#endif

}  // namespace redbolt::emulator
