// The GPU VM: hands out addresses, keeps the page tables and the hubs' TLBs in step with them.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "memory/host_data_path.hpp"
#include "memory/memory_hub.hpp"
#include "memory/page_table.hpp"
#include "memory/range_allocator.hpp"
#include "memory/vram_window.hpp"
#include "redbolt/pci/pci_function.hpp"

namespace redbolt::driver {

class AddressSpace {
 public:
  // Writes an empty root page table. No engine may be using the old one. invalidate() has to follow
  // once the hubs are configured.
  AddressSpace(VramWindow& window, HostDataPath& host_data_path);

  // Whose TLBs to invalidate from now on, in this order.
  void attach(std::vector<MemoryHub*> hubs) { hubs_ = std::move(hubs); }

  // Maps a contiguous range of video memory. Sizes are multiples of 4 KiB; ranges from 2 MiB on get
  // an address with the same alignment as `offset`, so that large leaves fit.
  GpuAddress map_video(VramOffset offset, Bytes size, PagePermissions permissions);
  GpuAddress map_host(std::span<const pci::BusAddress> pages, PagePermissions permissions);
  void unmap(GpuAddress address, Bytes size);

  // HDP flush, then every attached hub drops its translations.
  void invalidate();

  // For page tables of other contexts, which show parts of this space at the same addresses.
  // find() gives what a range is mapped to; nothing if a part of it is not.
  std::optional<PageTable::Mapping> find(GpuAddress address, Bytes size) const;
  RangeAllocator& tables() { return tables_; }
  const PageTable::Writer& writer() const { return writer_; }

  // Never mapped here: a page that each of the other contexts has of its own.
  static constexpr GpuAddress kPrivatePage{kVmLast.value() + 1 - PageTable::kPage.count()};

 private:
  GpuAddress map(std::span<const PageTable::Piece> pieces, std::uint64_t size,
                 std::uint64_t alignment, Aperture aperture, PagePermissions permissions);

  HostDataPath& host_data_path_;
  std::vector<MemoryHub*> hubs_;
  PageTable::Writer writer_;
  RangeAllocator tables_;
  RangeAllocator addresses_;  // relative to kVmStart
  PageTable page_table_;
};

// The alignment a block of video memory of `size` bytes should have: 4 KiB, 2 MiB or 1 GiB.
std::uint64_t preferred_alignment(std::uint64_t size);

}  // namespace redbolt::driver
