#include "memory/page_table.hpp"

#include <algorithm>
#include <bit>

#include "redbolt/driver/driver_error.hpp"

namespace redbolt::driver {

std::uint64_t pte::leaf(Aperture aperture, std::uint64_t physical, PagePermissions permissions,
                        unsigned fragment, bool above_last_level) {
  std::uint64_t entry = (physical & kAddressMask) | kValid;
  if (aperture == Aperture::system) entry |= kSystem | kSnooped;
  if (aperture == Aperture::system || !permissions.cached) entry |= kUncached;
  if (permissions.read) entry |= kReadable;
  if (permissions.write) entry |= kWriteable;
  if (permissions.execute) entry |= kExecutable;
  if (above_last_level) entry |= kLeaf;
  return entry | (std::uint64_t{fragment} << kFragmentShift & kFragmentMask);
}

// A table and its copy. Entries [dirty_begin, dirty_end) differ from what the card's memory holds.
struct PageTable::Table {
  VramOffset offset;
  std::array<std::uint64_t, kEntries> entries{};
  std::array<std::unique_ptr<Table>, kEntries> children;
  unsigned used = 0;  // entries that are not zero
  unsigned dirty_begin = kEntries;
  unsigned dirty_end = 0;

  void set(unsigned index, std::uint64_t value) {
    used += (value != 0) - (entries[index] != 0);
    entries[index] = value;
    dirty_begin = std::min(dirty_begin, index);
    dirty_end = std::max(dirty_end, index + 1);
  }
};

// A physically contiguous run: `virtual_start` maps to `physical_start`.
struct PageTable::Run {
  std::uint64_t virtual_start, physical_start, size;
  Aperture aperture;
  PagePermissions permissions;

  std::uint64_t end() const { return virtual_start + size; }
  std::uint64_t physical(std::uint64_t address) const {
    return physical_start + (address - virtual_start);
  }
  // Whether a naturally aligned block of `block` bytes around `address` lies in the run, aligned on
  // both sides.
  bool holds_block(std::uint64_t address, std::uint64_t block) const {
    const std::uint64_t start = address & ~(block - 1);
    return start >= virtual_start && block <= end() - start && (physical(start) & (block - 1)) == 0;
  }
  // Fragment of the leaf of `leaf_size` bytes at `address`: the largest such block. Host memory
  // keeps 0 for single pages, as the reference driver does.
  unsigned fragment(std::uint64_t address, std::uint64_t leaf_size) const {
    const auto leaf_log2 = static_cast<unsigned>(std::countr_zero(leaf_size));
    unsigned log2 = leaf_log2;
    if (aperture == Aperture::video) {
      while (log2 < 12 + 31 && holds_block(address, std::uint64_t{2} << log2)) ++log2;
    }
    return log2 - 12;
  }
};

PageTable::PageTable(VramOffset root, RangeAllocator& tables, Writer writer)
    : tables_(tables), writer_(std::move(writer)), root_(std::make_unique<Table>()) {
  root_->offset = root;
  root_->dirty_begin = 0;
  root_->dirty_end = kEntries;
  flush(*root_);
}

PageTable::~PageTable() {
  for (const auto& child : root_->children) {
    if (child) give_back(*child);
  }
  reclaim();
}

void PageTable::give_back(const Table& table) {
  for (const auto& child : table.children) {
    if (child) give_back(*child);
  }
  tables_.free(table.offset.value(), kPage.count());
}

void PageTable::flush(Table& table) {
  if (table.dirty_begin >= table.dirty_end) return;
  writer_(table.offset + Bytes(table.dirty_begin * sizeof(std::uint64_t)),
          std::span(table.entries).subspan(table.dirty_begin, table.dirty_end - table.dirty_begin));
  table.dirty_begin = kEntries;
  table.dirty_end = 0;
}

std::unique_ptr<PageTable::Table> PageTable::make_table() {
  const auto offset = tables_.allocate(kPage.count(), kPage.count());
  if (!offset) {
    throw DriverError(DriverErrorCode::out_of_vram, "map memory", "",
                      "the part of the video memory kept for page tables is full");
  }
  auto table = std::make_unique<Table>();
  table->offset = VramOffset(*offset);
  table->dirty_begin = 0;  // whatever the memory holds is to become zeros
  table->dirty_end = kEntries;
  return table;
}

PageTable::Table& PageTable::child(Table& parent, unsigned, unsigned index) {
  auto& child = parent.children[index];
  if (!child) {
    child = make_table();
    parent.set(index, pte::table(child->offset));
  }
  return *child;
}

void PageTable::map(std::uint64_t address, std::span<const Piece> pieces, Aperture aperture,
                    PagePermissions permissions) {
  std::uint64_t at = address;
  try {
    for (std::size_t i = 0; i < pieces.size();) {
      Run run{at, pieces[i].physical, pieces[i].size, aperture, permissions};
      for (++i; i < pieces.size() && pieces[i].physical == run.physical(run.end()); ++i) {
        run.size += pieces[i].size;
      }
      map_piece(*root_, 0, at, run);
      at = run.end();
    }
  } catch (const DriverError&) {
    std::uint64_t size = 0;
    for (const Piece& piece : pieces) size += piece.size;
    unmap_in(*root_, 0, address, size);
    throw;
  }
}

// Maps what of `run` lies in `table`, whose entries start to matter at `address` (inside the run).
// Lower tables are written before the entries that point to them.
void PageTable::map_piece(Table& table, unsigned level, std::uint64_t address, const Run& run) {
  const std::uint64_t size = coverage(level);
  const std::uint64_t table_end = (address / (size * kEntries) + 1) * size * kEntries;
  const std::uint64_t end = std::min(run.end(), table_end);
  const bool leaves_allowed = level != 0;
  while (address < end) {
    const auto index = static_cast<unsigned>(address / size % kEntries);
    if (leaves_allowed && address % size == 0 && run.holds_block(address, size)) {
      table.set(index, pte::leaf(run.aperture, run.physical(address), run.permissions,
                                 run.fragment(address, size), level != kLevels - 1));
    } else {
      map_piece(child(table, level, index), level + 1, address, run);
    }
    address = (address / size + 1) * size;
  }
  flush(table);
}

void PageTable::unmap(std::uint64_t address, std::uint64_t size) {
  unmap_in(*root_, 0, address, size);
}

void PageTable::unmap_in(Table& table, unsigned level, std::uint64_t address, std::uint64_t size) {
  const std::uint64_t each = coverage(level);
  const std::uint64_t end = address + size;
  while (address < end) {
    const auto index = static_cast<unsigned>(address / each % kEntries);
    const std::uint64_t next = std::min((address / each + 1) * each, end);
    if (auto& child = table.children[index]) {
      unmap_in(*child, level + 1, address, next - address);
      if (child->used == 0) {
        table.set(index, 0);
        empty_.push_back(std::move(child));
      }
    } else if (table.entries[index] != 0) {
      table.set(index, 0);
    }
    address = next;
  }
  flush(table);
}

std::optional<PageTable::Mapping> PageTable::find(std::uint64_t address, std::uint64_t size) const {
  Mapping mapping{{}, Aperture::video};
  const std::uint64_t end = address + size;
  for (std::uint64_t at = address; at < end;) {
    unsigned level = 0;
    const Table* table = root_.get();
    const auto index = [&] { return static_cast<unsigned>(at / coverage(level) % kEntries); };
    while (const Table* child = table->children[index()].get()) {
      table = child;
      ++level;
    }
    const std::uint64_t entry = table->entries[index()];
    if (entry == 0) return std::nullopt;
    const Aperture aperture = (entry & pte::kSystem) != 0 ? Aperture::system : Aperture::video;
    if (at != address && aperture != mapping.aperture) return std::nullopt;
    mapping.aperture = aperture;
    const std::uint64_t leaf = coverage(level);
    const std::uint64_t step = std::min((at / leaf + 1) * leaf, end) - at;
    const std::uint64_t physical = (entry & pte::kAddressMask) + at % leaf;
    auto& pieces = mapping.pieces;
    if (!pieces.empty() && pieces.back().physical + pieces.back().size == physical) {
      pieces.back().size += step;
    } else {
      pieces.push_back({physical, step});
    }
    at += step;
  }
  return mapping;
}

void PageTable::reclaim() {
  for (const auto& table : empty_) tables_.free(table->offset.value(), kPage.count());
  empty_.clear();
}

}  // namespace redbolt::driver
