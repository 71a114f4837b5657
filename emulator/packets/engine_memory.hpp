// What a queue engine sees of memory: one address space, that is one hub and one VMID. The card
// implements window() over its page-table walker, tests over flat memory; the rest is here.
//
// Every function that touches memory throws QueueError(memory_fault) where there is no translation;
// the fault has then been recorded by the implementation.
// Threads: one engine thread at a time, beside any thread that stores to the memory itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace redbolt::emulator {

enum class EngineAccess : std::uint8_t { read, write, atomic };

// Bytes that are contiguous in host memory from the address asked for.
struct MemoryWindow {
  std::byte* host = nullptr;
  std::uint64_t size = 0;   // at least 1
  bool redirected = false;  // the access faulted and goes to the default page instead
};

class EngineMemory {
 public:
  virtual ~EngineMemory() = default;

  // std::nullopt: a fault, which has been recorded.
  virtual std::optional<MemoryWindow> window(std::uint64_t address, EngineAccess access) = 0;
  // Windows may be kept while this is unchanged.
  virtual std::uint64_t generation() const = 0;

  // Naturally aligned accesses are single, acquire and release.
  std::uint32_t read32(std::uint64_t address);
  std::uint64_t read64(std::uint64_t address);
  void write32(std::uint64_t address, std::uint32_t value);
  void write64(std::uint64_t address, std::uint64_t value);

  void read(std::uint64_t address, std::span<std::byte> into);
  void write(std::uint64_t address, std::span<const std::byte> from);

  // window(), or the throw described above.
  MemoryWindow require(std::uint64_t address, EngineAccess access);
};

}  // namespace redbolt::emulator
