// Page tables of the GPU VM: four levels of 512 entries in video memory, with leaves of 4 KiB, 2
// MiB and 1 GiB. The tables are kept as a copy in host memory too, so that nothing is ever read
// back, and runs of changed entries are written as blocks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "memory/range_allocator.hpp"
#include "redbolt/driver/gpu_address.hpp"

namespace redbolt::driver {

// What a range of the VM is mapped to.
enum class Aperture : std::uint8_t {
  video,   // VRAM offsets
  system,  // bus addresses of host memory: snooped, not cached on the card
};

struct PagePermissions {
  bool read = true;
  bool write = true;
  bool execute = false;
  bool cached = true;  // by the card's L2; host memory never is
};

// Bits of an entry (card/pte_bits_gfx11.csv of the reference tables).
namespace pte {
inline constexpr std::uint64_t kValid = 1ull << 0;
inline constexpr std::uint64_t kSystem = 1ull << 1;
inline constexpr std::uint64_t kSnooped = 1ull << 2;
inline constexpr std::uint64_t kExecutable = 1ull << 4;
inline constexpr std::uint64_t kReadable = 1ull << 5;
inline constexpr std::uint64_t kWriteable = 1ull << 6;
inline constexpr unsigned kFragmentShift = 7;
inline constexpr std::uint64_t kFragmentMask = 0x1full << kFragmentShift;
inline constexpr std::uint64_t kAddressMask = 0x0000fffffffff000ull;
inline constexpr std::uint64_t kUncached = 3ull << 48;  // MTYPE UC
inline constexpr std::uint64_t kLeaf = 1ull << 54;      // PDE0 is PTE: a leaf above the last level

// A leaf for `physical` (a multiple of 4 KiB). `fragment`: log2 of 4 KiB pages.
std::uint64_t leaf(Aperture aperture, std::uint64_t physical, PagePermissions permissions,
                   unsigned fragment, bool above_last_level);
// An entry that points to the next table.
constexpr std::uint64_t table(VramOffset next) {
  return (next.value() & kAddressMask) | kValid;
}
}  // namespace pte

class PageTable {
 public:
  static constexpr unsigned kLevels = 4;  // level 0 is the root
  static constexpr unsigned kEntriesLog2 = 9;
  static constexpr unsigned kEntries = 1u << kEntriesLog2;
  static constexpr Bytes kPage{4096};
  // Size that one entry of a level covers: 512 GiB, 1 GiB, 2 MiB, 4 KiB.
  static constexpr std::uint64_t coverage(unsigned level) {
    return std::uint64_t{1} << (12 + kEntriesLog2 * (kLevels - 1 - level));
  }

  // Writes a run of entries of a table at `offset`.
  using Writer = std::function<void(VramOffset offset, std::span<const std::uint64_t> entries)>;

  // The root is at `root`, further tables come from `tables` (offsets in video memory). The root is
  // written as zeros.
  PageTable(VramOffset root, RangeAllocator& tables, Writer writer);
  // Gives all tables but the root back: no engine may be using them any more.
  ~PageTable();
  PageTable(const PageTable&) = delete;
  PageTable& operator=(const PageTable&) = delete;

  // A physically contiguous piece of a mapping. Addresses and size are multiples of 4 KiB.
  struct Piece {
    std::uint64_t physical;
    std::uint64_t size;
  };

  // Maps [address, address + sum of sizes) to the pieces, with the largest leaves and fragments
  // that the alignment allows. `address` counts from the start of the VM. Throws
  // DriverError::out_of_vram when no table can be had; what was mapped before is then unmapped
  // again.
  void map(std::uint64_t address, std::span<const Piece> pieces, Aperture aperture,
           PagePermissions permissions);

  // What a range is mapped to, as map() would take it.
  struct Mapping {
    std::vector<Piece> pieces;
    Aperture aperture;
  };
  // Nothing if a part of the range is not mapped, or parts of it to different apertures.
  std::optional<Mapping> find(std::uint64_t address, std::uint64_t size) const;

  // The range has to be mapped by whole calls of map(). Tables that become empty are kept until
  // reclaim(): the card may have them in its TLB.
  void unmap(std::uint64_t address, std::uint64_t size);

  // After the TLBs have been invalidated: gives empty tables back.
  void reclaim();

 private:
  struct Table;
  struct Run;

  std::unique_ptr<Table> make_table();
  Table& child(Table& parent, unsigned level, unsigned index);
  void map_piece(Table& table, unsigned level, std::uint64_t address, const Run& run);
  void unmap_in(Table& table, unsigned level, std::uint64_t address, std::uint64_t size);
  void flush(Table& table);
  void give_back(const Table& table);

  RangeAllocator& tables_;
  Writer writer_;
  std::unique_ptr<Table> root_;
  std::vector<std::unique_ptr<Table>> empty_;
};

}  // namespace redbolt::driver
