#include "memory/context_tables.hpp"

#include <iterator>
#include <string>

#include "memory/vram_layout.hpp"
#include "redbolt/driver/driver_error.hpp"

namespace redbolt::driver {
namespace {

constexpr std::uint64_t kPage = PageTable::kPage.count();

[[noreturn]] void refuse(DriverErrorCode code, const char* step, const std::string& problem) {
  throw DriverError(code, step, "", problem);
}

PagePermissions permissions_of(MemoryAccess access) {
  return {.read = true,
          .write = access == MemoryAccess::read_write,
          .execute = access == MemoryAccess::read_execute};
}

std::uint64_t from_start(GpuAddress address) {
  return (address - kVmStart).count();
}

}  // namespace

ContextTables::Context::Context(AddressSpace& space, VramOffset root_page, VramOffset own_page)
    : root(root_page), private_page(own_page), table(root_page, space.tables(), space.writer()) {}

ContextTables::ContextTables(AddressSpace& space, MemoryHub& hub, VramWindow& window,
                             HostDataPath& host_data_path)
    : space_(space), hub_(&hub), window_(window), host_data_path_(host_data_path) {
  window_.fill_zero(vram_layout::kEmptyRoot, PageTable::kPage);
  host_data_path_.flush();
  for (unsigned vmid = 1; vmid < kVmContexts; ++vmid) {
    hub_->set_context(vmid, vram_layout::kEmptyRoot);
  }
  hub_->invalidate((1u << kVmContexts) - 2);
}

VramOffset ContextTables::take_page() {
  const auto page = space_.tables().allocate(kPage, kPage);
  if (!page) {
    refuse(DriverErrorCode::out_of_vram, "create a VM context",
           "the part of the video memory kept for page tables is full");
  }
  return VramOffset(*page);
}

void ContextTables::free_page(VramOffset page) {
  space_.tables().free(page.value(), kPage);
}

unsigned ContextTables::create() {
  unsigned vmid = 1;
  while (vmid < kVmContexts && contexts_[vmid]) ++vmid;
  if (vmid == kVmContexts) {
    refuse(DriverErrorCode::out_of_contexts, "create a VM context",
           "all " + std::to_string(kVmContexts - 1) + " VM contexts are in use");
  }
  const VramOffset root = take_page();
  VramOffset own;
  try {
    own = take_page();
  } catch (...) {
    free_page(root);
    throw;
  }
  auto created = std::make_unique<Context>(space_, root, own);
  window_.fill_zero(own, PageTable::kPage);
  try {
    // Not cached: the host reads it past the card's caches.
    const PageTable::Piece piece{own.value(), kPage};
    created->table.map(from_start(AddressSpace::kPrivatePage), {&piece, 1}, Aperture::video,
                       {.cached = false});
    host_data_path_.flush();
    if (hub_) hub_->set_context(vmid, root);
    invalidate(vmid);
  } catch (...) {
    created.reset();
    free_page(own);
    free_page(root);
    throw;
  }
  contexts_[vmid] = std::move(created);
  return vmid;
}

void ContextTables::destroy(unsigned vmid) {
  const VramOffset root = context(vmid).root;
  const VramOffset own = context(vmid).private_page;
  if (hub_) hub_->set_context(vmid, vram_layout::kEmptyRoot);
  invalidate(vmid);
  contexts_[vmid].reset();
  free_page(own);
  free_page(root);
}

ContextTables::Context& ContextTables::context(unsigned vmid) {
  return *contexts_[vmid];
}

void ContextTables::grant(unsigned vmid, GpuAddress address, Bytes size, MemoryAccess access) {
  constexpr const char* kStep = "grant memory";
  Context& to = context(vmid);
  if (address.value() % kPage != 0 || size.count() % kPage != 0) {
    refuse(DriverErrorCode::invalid_argument, kStep, "only whole pages of 4 KiB can be granted");
  }
  const auto mapping = space_.find(address, size);
  if (!mapping) {
    refuse(DriverErrorCode::invalid_argument, kStep, "the range is not mapped by the driver");
  }
  const auto next = to.grants.lower_bound(address);
  const bool overlaps_next = next != to.grants.end() && next->first < address + size;
  const bool overlaps_previous =
      next != to.grants.begin() && std::prev(next)->first + std::prev(next)->second > address;
  if (overlaps_next || overlaps_previous) {
    refuse(DriverErrorCode::invalid_argument, kStep, "a part of the range has been granted before");
  }
  try {
    to.table.map(from_start(address), mapping->pieces, mapping->aperture, permissions_of(access));
  } catch (const DriverError&) {
    invalidate(vmid);
    to.table.reclaim();
    throw;
  }
  const auto grant = to.grants.emplace(address, size).first;
  try {
    invalidate(vmid);
  } catch (...) {
    to.table.unmap(from_start(address), size.count());
    to.grants.erase(grant);
    throw;
  }
}

void ContextTables::revoke(unsigned vmid, GpuAddress address, Bytes size) {
  const auto grant = context(vmid).grants.find(address);
  if (grant == context(vmid).grants.end() || grant->second != size) {
    refuse(DriverErrorCode::invalid_argument, "revoke memory", "the range has not been granted");
  }
  unmap(vmid, grant);
}

void ContextTables::revoke_everywhere(GpuAddress address, Bytes size) {
  for (unsigned vmid = 1; vmid < kVmContexts; ++vmid) {
    if (!contexts_[vmid]) continue;
    auto& grants = contexts_[vmid]->grants;
    auto grant = grants.lower_bound(address);
    if (grant != grants.begin() && std::prev(grant)->first + std::prev(grant)->second > address) {
      --grant;
    }
    while (grant != grants.end() && grant->first < address + size) unmap(vmid, grant++);
  }
}

void ContextTables::unmap(unsigned vmid, std::map<GpuAddress, Bytes>::iterator grant) {
  Context& from = context(vmid);
  from.table.unmap(from_start(grant->first), grant->second.count());
  from.grants.erase(grant);
  invalidate(vmid);
  from.table.reclaim();
}

std::uint32_t ContextTables::progress(unsigned vmid) const {
  return window_.read32(contexts_[vmid]->private_page);
}

void ContextTables::invalidate_all() {
  host_data_path_.flush();
  if (hub_) hub_->invalidate((1u << kVmContexts) - 1);
}

void ContextTables::invalidate(unsigned vmid) {
  if (!hub_) return;
  host_data_path_.flush();
  hub_->invalidate(1u << vmid);
}

}  // namespace redbolt::driver
