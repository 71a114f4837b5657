#include "memory/page_walker.hpp"

#include <algorithm>

namespace redbolt::emulator {
namespace {

constexpr unsigned page_shift = 12;
constexpr unsigned table_bits = 9;

// Page-table entry bits of gfx11.
constexpr std::uint64_t valid = 1ull << 0;
constexpr std::uint64_t system_memory = 1ull << 1;
constexpr std::uint64_t executable = 1ull << 4;
constexpr std::uint64_t readable = 1ull << 5;
constexpr std::uint64_t writable = 1ull << 6;
constexpr unsigned fragment_shift = 7;
constexpr std::uint64_t fragment_mask = 0x1f;
constexpr std::uint64_t leaf_in_directory = 1ull << 54;
constexpr std::uint64_t leaf_address_mask = 0x0000fffffffff000;
constexpr std::uint64_t table_address_mask = 0x0000ffffffffffc0;

std::optional<std::uint64_t> read_entry(PhysicalMemory& memory, bool in_system_memory,
                                        std::uint64_t address) {
  const std::byte* at = nullptr;
  if (in_system_memory) {
    const std::byte* const page = memory.host().find_page(address);
    if (page) at = page + address % HostPages::page_size;
  } else if (memory.vram().contains(VramOffset(address), Bytes(sizeof(std::uint64_t)))) {
    at = memory.vram().at(VramOffset(address));
  }
  if (!at) return std::nullopt;
  return __atomic_load_n(reinterpret_cast<const std::uint64_t*>(at), __ATOMIC_ACQUIRE);
}

// Address bits below the index into the tables of `level` (0: page table, 1..3: directories).
unsigned level_shift(const PageTableContext& context, unsigned level) {
  return level == 0 ? page_shift
                    : page_shift + table_bits + context.block_size + (level - 1) * table_bits;
}

std::uint64_t level_index(const PageTableContext& context, unsigned level, std::uint64_t offset) {
  const std::uint64_t index = offset >> level_shift(context, level);
  if (level == context.depth) return index;  // the root has as many entries as the range needs
  const unsigned bits = level == 0 ? table_bits + context.block_size : table_bits;
  return index & ((1ull << bits) - 1);
}

// The leaf at `level`, widened to its fragment: hardware keeps one TLB entry for all of it. The
// pages of a fragment follow each other in memory, but need not begin at a multiple of its size
// there.
PageEntry make_leaf(const PageTableContext& context, unsigned level, std::uint64_t entry,
                    std::uint64_t address) {
  const std::uint64_t start = context.first_page << page_shift;
  const unsigned own_shift = level_shift(context, level);
  const std::uint64_t own_base = start + ((address - start) >> own_shift << own_shift);
  PageEntry page;
  page.system = (entry & system_memory) != 0;
  page.readable = (entry & readable) != 0;
  page.writable = (entry & writable) != 0;
  page.executable = (entry & executable) != 0;
  page.physical = entry & leaf_address_mask;
  if (!page.system) page.physical -= context.vram_base;

  const auto fragment = static_cast<unsigned>((entry >> fragment_shift) & fragment_mask);
  const unsigned shift = std::max(own_shift, std::min(page_shift + fragment, 47u));
  page.size = 1ull << shift;
  page.base = address & ~(page.size - 1);
  const bool inside =
      page.base >= start && page.base <= own_base && page.physical >= own_base - page.base;
  if (inside) {
    page.physical -= own_base - page.base;
    return page;
  }
  // The fragment would begin before the range or before memory: the 4 KiB page stands for itself.
  page.size = 1ull << page_shift;
  page.base = address & ~(page.size - 1);
  page.physical += page.base - own_base;
  return page;
}

WalkError directory_error(unsigned level) {
  return static_cast<WalkError>(static_cast<unsigned>(WalkError::directory0) + level - 1);
}

}  // namespace

WalkResult walk_page_tables(const PageTableContext& context, std::uint64_t address,
                            PhysicalMemory& memory) {
  const std::uint64_t page = address >> page_shift;
  if (!context.enabled || page < context.first_page || page > context.last_page) {
    return {std::nullopt, WalkError::range};
  }
  const std::uint64_t offset = address - (context.first_page << page_shift);
  std::uint64_t table = context.root;
  // The root register names a table like a directory entry does; an invalid one maps nothing.
  if (!(table & valid))
    return {std::nullopt, context.depth ? directory_error(context.depth) : WalkError::none};
  for (unsigned level = context.depth;; --level) {
    const bool in_system_memory = (table & system_memory) != 0;
    std::uint64_t base = table & table_address_mask;
    if (!in_system_memory) base -= context.vram_base;
    const auto entry =
        read_entry(memory, in_system_memory, base + level_index(context, level, offset) * 8);
    if (!entry) return {std::nullopt, WalkError::not_answered};
    if (!(*entry & valid)) return {std::nullopt, level ? directory_error(level) : WalkError::none};
    if (level == 0 || (*entry & leaf_in_directory)) {
      return {make_leaf(context, level, *entry, address), WalkError::none};
    }
    table = *entry;
  }
}

}  // namespace redbolt::emulator
