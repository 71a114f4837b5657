#include "machine.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "redbolt/base/checked.hpp"

namespace redbolt::driver {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kHugePage = std::uint64_t{2} << 20;

// What a block of `size` bytes takes: whole pages, huge ones from their size on.
std::optional<std::uint64_t> rounded(std::uint64_t size) {
  return checked_align_up(size, size >= kHugePage ? kHugePage : kPage);
}

}  // namespace

Machine::Machine(std::unique_ptr<pci::PciFunction> function, const Card::FirmwareSource& firmware,
                 CardOptions options)
    : function_(std::move(function), kRegisterBar, kDoorbellBar),
      options_(std::move(options)),
      registers_(function_, kRegisterBar, options_.timeout) {
  boot(firmware);
}

Machine::~Machine() {
  if (!is_running_) return;
  try {
    shut_down();
  } catch (...) {
    // The card or the link is gone; the mark in the card still says that a run was going on.
  }
  is_running_ = false;
}

Bytes Machine::vram_largest_free() const {
  const std::uint64_t huge = vram_->largest_free(kHugePage);
  return Bytes(huge != 0 ? huge : std::min(vram_->largest_free(kPage), kHugePage - kPage));
}

VramBlock Machine::allocate_vram(Bytes size, VramUse use) {
  registers_.set_step("allocate video memory");
  const auto bytes = rounded(size.count());
  if (!bytes || size.count() == 0) {
    throw registers_.error(DriverErrorCode::invalid_argument, nullptr,
                           "a block of " + std::to_string(size.count()) + " bytes cannot be");
  }
  // The largest alignment that the free memory offers makes the largest pages.
  std::optional<std::uint64_t> offset;
  const std::uint64_t least = *bytes >= kHugePage ? kHugePage : kPage;
  for (std::uint64_t alignment = preferred_alignment(*bytes); !offset && alignment >= least;
       alignment = alignment > kHugePage ? kHugePage : alignment / 512) {
    offset = vram_->allocate(*bytes, alignment);
  }
  if (!offset) {
    throw registers_.error(DriverErrorCode::out_of_vram, nullptr,
                           std::to_string(*bytes) + " bytes of video memory were asked for; " +
                               std::to_string(vram_->free_total()) + " are free, " +
                               std::to_string(vram_largest_free().count()) +
                               " of them in one piece");
  }
  VramBlock block;
  try {
    block.address_ = address_space_->map_video(VramOffset(*offset), Bytes(*bytes),
                                               {.execute = use == VramUse::executable});
  } catch (...) {
    vram_->free(*offset, *bytes);
    throw;
  }
  block.size_ = size;
  block.machine_ = this;
  blocks_.emplace(block.address_, VramRange{VramOffset(*offset), *bytes});
  return block;
}

void Machine::release_vram(GpuAddress address) noexcept {
  const auto found = blocks_.find(address);
  if (found == blocks_.end()) return;
  const VramRange range = found->second;
  blocks_.erase(found);
  try {
    contexts_->revoke_everywhere(address, Bytes(range.size));
    address_space_->unmap(address, Bytes(range.size));
    vram_->free(range.offset.value(), range.size);
  } catch (...) {
    // The card no longer answers. The memory stays out of use: something may still refer to it.
    had_error_ = true;
  }
}

HostBlock Machine::allocate_host(Bytes size) {
  registers_.set_step("allocate host memory");
  if (size.count() == 0) {
    throw registers_.error(DriverErrorCode::invalid_argument, nullptr,
                           "a block of no bytes cannot be");
  }
  HostBlock block;
  try {
    block.memory_ = function_.allocate_host_memory(size, pci::Contiguity::any);
  } catch (const pci::PciError& error) {
    if (error.code() != pci::PciErrorCode::no_host_memory) throw;
    throw registers_.error(DriverErrorCode::out_of_host_memory, nullptr, error.what());
  }
  block.address_ = address_space_->map_host(block.memory_->pages(), {});
  block.size_ = size;
  block.machine_ = this;
  return block;
}

void Machine::release_host(GpuAddress address, Bytes size) noexcept {
  try {
    contexts_->revoke_everywhere(address, size);
    address_space_->unmap(address, size);
  } catch (...) {
    // The card may still have the translation: it must not reach the memory any more.
    had_error_ = true;
    try {
      link_->disable_bus_master();
    } catch (...) {
    }
  }
}

VmContext Machine::create_context() {
  registers_.set_step("create a VM context");
  VmContext context;
  context.vmid_ = Vmid(contexts_->create());
  context.machine_ = this;
  return context;
}

void Machine::release_context(Vmid vmid) noexcept {
  try {
    contexts_->destroy(static_cast<unsigned>(vmid.value()));
  } catch (...) {
    // The card no longer answers. The context stays out of use.
    had_error_ = true;
  }
}

Machine::VramRange Machine::range_of(const VramBlock& block, Bytes offset, std::size_t size) const {
  const auto found = blocks_.find(block.address());
  if (found == blocks_.end() || !range_fits(offset.count(), size, block.size().count())) {
    throw registers_.error(DriverErrorCode::invalid_argument, nullptr,
                           "an access leaves its block of video memory");
  }
  return {found->second.offset + offset, size};
}

void Machine::write_vram(const VramBlock& block, Bytes offset, std::span<const std::byte> data) {
  registers_.set_step("write video memory");
  const VramRange range = range_of(block, offset, data.size());
  if (data.empty()) return;
  if (window_->is_visible(range.offset, Bytes(range.size))) {
    window_->write(range.offset, data);
    host_data_path_->flush();
    return;
  }
  for (std::size_t done = 0; done < data.size();) {
    const std::size_t step = std::min<std::size_t>(data.size() - done, staging_.size().count());
    staging_.memory().write(Bytes(0), data.subspan(done, step));
    copies_->copy(block.address() + offset + Bytes(done), staging_.address(), Bytes(step));
    copy_ring_->drain();
    done += step;
  }
}

void Machine::read_vram(const VramBlock& block, Bytes offset, std::span<std::byte> data) {
  registers_.set_step("read video memory");
  const VramRange range = range_of(block, offset, data.size());
  if (data.empty()) return;
  if (window_->is_visible(range.offset, Bytes(range.size))) {
    window_->read(range.offset, data);
    return;
  }
  for (std::size_t done = 0; done < data.size();) {
    const std::size_t step = std::min<std::size_t>(data.size() - done, staging_.size().count());
    copies_->copy(staging_.address(), block.address() + offset + Bytes(done), Bytes(step));
    copy_ring_->drain();
    staging_.memory().read(Bytes(0), data.subspan(done, step));
    done += step;
  }
}

DispatchLimits Machine::dispatch_limits() const {
  DispatchLimits limits;
  limits.shader_engines = info_.shader_engines;
  limits.compute_units = info_.compute_units;
  limits.lds_per_workgroup = chip_->lds_per_workgroup;
  limits.scratch = scratch_.address();
  limits.scratch_size = scratch_.size();
  return limits;
}

std::vector<Interrupt> Machine::drain_interrupts() {
  registers_.set_step("interrupts");
  std::vector<Interrupt> interrupts = interrupts_->drain();
  const bool has_fault = std::ranges::any_of(
      interrupts, [](const Interrupt& i) { return i.kind == InterruptKind::memory_fault; });
  if (has_fault) {
    // The ring says where, the hubs say how. Each keeps its first fault only.
    for (MemoryHub* hub : {&*graphics_hub_, &*multimedia_hub_}) {
      const MemoryHub::Fault fault = hub->fault();
      if (fault.status == 0) continue;
      for (Interrupt& interrupt : interrupts) {
        if (interrupt.kind == InterruptKind::memory_fault && interrupt.address == fault.page) {
          interrupt.write = fault.is_write;
        }
      }
      hub->clear_fault();
    }
  }
  had_error_ |= std::ranges::any_of(interrupts, [](const Interrupt& i) { return i.is_error(); });
  return interrupts;
}

}  // namespace redbolt::driver
