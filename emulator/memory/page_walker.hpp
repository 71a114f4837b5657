// The walk through a context's page tables, as the hardware does it on gfx11: entries of 64 bits,
// 512 to a table (more in the last level of a context with a larger block size), up to three levels
// of directories above the page table, and leaves above the last level (PDE with the PTE bit: 2
// MiB, 1 GiB, 512 GiB). Entries hold VRAM offsets, or bus addresses where their SYSTEM bit says so.
#pragma once

#include <cstdint>
#include <optional>

#include "memory/physical_memory.hpp"

namespace redbolt::emulator {

// One context, as its registers describe it.
struct PageTableContext {
  bool enabled = false;
  unsigned depth = 0;            // directory levels above the page table: 0..3
  unsigned block_size = 0;       // log2 of the 2 MiB units that the last level of table covers
  std::uint64_t root = 0;        // PAGE_TABLE_BASE_ADDR: address and flags, like a directory entry
  std::uint64_t first_page = 0;  // PAGE_TABLE_START_ADDR, 4 KiB pages; the walk counts from here
  std::uint64_t last_page = 0;   // PAGE_TABLE_END_ADDR, inclusive
  std::uint64_t vram_base = 0;   // FB_OFFSET in bytes: what an entry's VRAM address counts from
};

struct PageEntry {
  std::uint64_t base = 0;      // first virtual address that the entry (or its fragment) covers
  std::uint64_t size = 0;      // a power of two
  std::uint64_t physical = 0;  // VRAM offset or bus address of `base`
  bool system = false;
  bool readable = false;
  bool writable = false;
  bool executable = false;
};

// Why a walk ended without a page. The numbers are those of PROTECTION_FAULT_STATUS.walker_error,
// in the order in which PROTECTION_FAULT_CNTL lists the faults.
enum class WalkError : std::uint8_t {
  none = 0,
  range = 1,       // context disabled, or the address is outside START..END
  directory0 = 2,  // no valid entry in the directory just above the page table
  directory1 = 3,
  directory2 = 4,
  not_answered = 6,  // a table or page lies where no memory answers
};

struct WalkResult {
  std::optional<PageEntry> page;      // empty on error, or when the leaf is invalid
  WalkError error = WalkError::none;  // none with an empty page: the leaf is not valid
};

WalkResult walk_page_tables(const PageTableContext& context, std::uint64_t address,
                            PhysicalMemory& memory);

}  // namespace redbolt::emulator
