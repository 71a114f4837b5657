#include "memory/address_space.hpp"

#include "memory/vram_layout.hpp"
#include "redbolt/base/checked.hpp"
#include "redbolt/driver/driver_error.hpp"

namespace redbolt::driver {
namespace {

constexpr std::uint64_t kPageSize = 4096;
constexpr std::uint64_t kHugePage = PageTable::coverage(2);     // 2 MiB
constexpr std::uint64_t kLargestPage = PageTable::coverage(1);  // 1 GiB

}  // namespace

std::uint64_t preferred_alignment(std::uint64_t size) {
  if (size >= kLargestPage) return kLargestPage;
  return size >= kHugePage ? kHugePage : kPageSize;
}

AddressSpace::AddressSpace(VramWindow& window, HostDataPath& host_data_path)
    : host_data_path_(host_data_path),
      writer_([&window](VramOffset offset, std::span<const std::uint64_t> entries) {
        window.write(offset, std::as_bytes(entries));
      }),
      tables_(vram_layout::kPageTables.value(), vram_layout::kPageTablesSize.count()),
      addresses_(0, kPrivatePage.value() - kVmStart.value()),
      page_table_(vram_layout::kRootPageTable, tables_, writer_) {}

GpuAddress AddressSpace::map(std::span<const PageTable::Piece> pieces, std::uint64_t size,
                             std::uint64_t alignment, Aperture aperture,
                             PagePermissions permissions) {
  const auto start = addresses_.allocate(size, alignment);
  if (!start) {
    throw DriverError(
        DriverErrorCode::out_of_vram, "map memory", "",
        "the card's address space has no free range of " + std::to_string(size) + " bytes");
  }
  try {
    page_table_.map(*start, pieces, aperture, permissions);
  } catch (const DriverError&) {
    invalidate();
    page_table_.reclaim();
    addresses_.free(*start, size);
    throw;
  }
  invalidate();
  return kVmStart + Bytes(*start);
}

GpuAddress AddressSpace::map_video(VramOffset offset, Bytes size, PagePermissions permissions) {
  const PageTable::Piece piece{offset.value(), size.count()};
  // Large leaves need the same alignment of both addresses.
  std::uint64_t alignment = preferred_alignment(size.count());
  while (alignment > kPageSize && offset.value() % alignment != 0) {
    alignment = alignment == kLargestPage ? kHugePage : kPageSize;
  }
  return map({&piece, 1}, size.count(), alignment, Aperture::video, permissions);
}

GpuAddress AddressSpace::map_host(std::span<const pci::BusAddress> pages,
                                  PagePermissions permissions) {
  std::vector<PageTable::Piece> pieces;
  pieces.reserve(pages.size());
  for (const pci::BusAddress page : pages) pieces.push_back({page.value(), kPageSize});
  const std::uint64_t size = pages.size() * kPageSize;
  return map(pieces, size, size >= kHugePage ? kHugePage : kPageSize, Aperture::system,
             permissions);
}

void AddressSpace::unmap(GpuAddress address, Bytes size) {
  const std::uint64_t start = (address - kVmStart).count();
  page_table_.unmap(start, size.count());
  invalidate();
  page_table_.reclaim();
  addresses_.free(start, size.count());
}

std::optional<PageTable::Mapping> AddressSpace::find(GpuAddress address, Bytes size) const {
  if (address < kVmStart || size.count() == 0 ||
      !range_fits((address - kVmStart).count(), size.count(),
                  kVmLast.value() + 1 - kVmStart.value())) {
    return std::nullopt;
  }
  return page_table_.find((address - kVmStart).count(), size.count());
}

void AddressSpace::invalidate() {
  for (MemoryHub* hub : hubs_) {
    host_data_path_.flush();
    hub->invalidate();
  }
}

}  // namespace redbolt::driver
