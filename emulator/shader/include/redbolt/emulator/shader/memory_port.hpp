// What a running wave sees of memory: one address space (a hub and a VMID), page by page. The card
// implements it over its page-table walker; tests implement it over flat host memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace redbolt::emulator {

// Why a page is looked up; decides which permission is needed and how a fault is reported.
enum class MemoryAccess : std::uint8_t { read, write, atomic, execute };

// Thread-safe: all workers of a dispatch look pages up at the same time.
class MemoryPort {
 public:
  // A range of virtual addresses that is contiguous in host memory.
  struct Page {
    std::byte* host = nullptr;  // of the byte at `base`
    std::uint64_t base = 0;     // first virtual address
    std::uint64_t size = 0;     // in bytes; base + size does not wrap
    bool readable = false;
    bool writable = false;
    bool executable = false;
    bool host_memory = false;  // behind the link (system memory), not VRAM
  };

  virtual ~MemoryPort() = default;

  // Finds the page that holds `address`. False when there is none or when it lacks the permission
  // `access` asks for; the fault has then already been recorded by the implementation.
  virtual bool lookup(std::uint64_t address, MemoryAccess access, Page& page) = 0;

  // Changes when pages handed out earlier may no longer be used (a TLB invalidation).
  virtual std::uint64_t generation() const = 0;
};

}  // namespace redbolt::emulator
