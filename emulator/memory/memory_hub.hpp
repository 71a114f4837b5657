// One memory hub (graphics or multimedia): 16 VM contexts, page-table walks, a TLB, protection
// faults. Everything an engine reads or writes by virtual address goes through a hub; what decides
// is the hub's registers in the RegisterSpace, which the driver programs.
//
// The TLB caches: a changed page-table entry is seen only after an invalidation
// (INVALIDATE_ENGn_REQ or L2_CNTL2), as on the card. A user that keeps Translations compares
// generation() before it uses one again.
//
// A fault is recorded (status and address registers, unless an earlier one is still held there) and
// reported as an interrupt; then, where the context redirects faults to the default page, the
// access goes there (Translation::redirected), else there is no translation.
//
// Threads: any. Handed-out pointers stay mapped for the life of the card.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "blocks/interrupt_sink.hpp"
#include "blocks/register_space.hpp"
#include "counters.hpp"
#include "memory/host_pages.hpp"
#include "memory/page_walker.hpp"
#include "memory/physical_memory.hpp"
#include "memory/protection_fault.hpp"
#include "memory/translation_cache.hpp"
#include "timed_worker.hpp"

namespace redbolt::emulator {

struct Translation {
  std::byte* host = nullptr;  // the byte at `base`
  std::uint64_t base = 0;     // first virtual address of the page
  std::uint64_t size = 0;     // bytes from base that translate alike
  bool readable = false;
  bool writable = false;
  bool executable = false;
  bool system = false;      // host memory, over the bus
  bool redirected = false;  // the access faulted; this is the default page
};

struct HubRegisters;  // memory/hub_registers.hpp

class MemoryHub {
 public:
  enum class Kind : std::uint8_t { graphics, multimedia };
  static constexpr unsigned contexts = 16;

  MemoryHub(Kind kind, RegisterSpace& registers, PhysicalMemory& memory, InterruptSink& interrupts,
            TimedWorker& worker, CounterRegistry& counters);
  ~MemoryHub();
  MemoryHub(const MemoryHub&) = delete;
  MemoryHub& operator=(const MemoryHub&) = delete;

  // Translates the access at `address`. std::nullopt: it faulted, and the fault has been recorded.
  std::optional<Translation> translate(unsigned vmid, std::uint64_t address, Access access,
                                       HubClient client);

  // Copies across pages. False at the first fault (already recorded), with the bytes before it
  // done. Redirected pages count as success: the card goes on with the default page. Aligned 4- and
  // 8-byte accesses are single atomic copies: acquire for reads, release for writes.
  bool read(unsigned vmid, std::uint64_t address, std::span<std::byte> into, HubClient client);
  bool write(unsigned vmid, std::uint64_t address, std::span<const std::byte> from,
             HubClient client);
  std::optional<std::uint32_t> read32(unsigned vmid, std::uint64_t address, HubClient client);
  std::optional<std::uint64_t> read64(unsigned vmid, std::uint64_t address, HubClient client);
  bool write32(unsigned vmid, std::uint64_t address, std::uint32_t value, HubClient client);
  bool write64(unsigned vmid, std::uint64_t address, std::uint64_t value, HubClient client);

  // Changes with each invalidation, reset, and change of reachable host memory.
  std::uint64_t generation() const;

  // Forgets every translation (hub reset; invalidations by register do this by themselves).
  void invalidate_all();

 private:
  PageTableContext context(unsigned vmid) const;
  std::optional<Translation> translate_system_aperture(std::uint64_t address) const;
  std::optional<Translation> translate_mapped(unsigned vmid, std::uint64_t address, Access access,
                                              HubClient client);
  std::optional<CachedPage> look_up(unsigned vmid, std::uint64_t address, WalkError& error);
  std::optional<CachedPage> resolve(const PageEntry& entry, std::uint64_t address) const;
  std::optional<Translation> fail(const ProtectionFault& fault);
  std::optional<Translation> default_page(std::uint64_t page_number, std::uint64_t address) const;
  void record(const ProtectionFault& fault);
  void connect_registers();
  void begin_invalidation(unsigned engine, std::uint32_t request);
  void finish_invalidation(unsigned engine, std::uint32_t request, std::uint64_t range);
  void clear_fault_status();
  template <class Piece>
  bool copy(unsigned vmid, std::uint64_t address, std::size_t size, Access access, HubClient client,
            Piece piece);

  const HubRegisters& map_;
  const Kind kind_;
  RegisterSpace& registers_;
  PhysicalMemory& memory_;
  InterruptSink& interrupts_;
  TimedWorker& worker_;
  TranslationCache cache_;
  std::atomic<std::uint64_t> generation_{1};
  std::mutex fault_mutex_;  // the status registers change together
  Counter& misses_;
  Counter& faults_;
  Counter& invalidations_;
};

}  // namespace redbolt::emulator
