#include "memory/memory_hub.hpp"

#include <algorithm>
#include <chrono>

#include "memory/copy_memory.hpp"
#include "memory/hub_registers.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace gc = registers::gc;  // the fields of the multimedia hub's registers lie alike

constexpr std::uint64_t page_size = 4096;
constexpr std::uint64_t page_mask = page_size - 1;
constexpr std::chrono::microseconds invalidation_latency{3};

// MX_L1_TLB_CNTL.system_access_mode, for accesses without a context of their own (VMID 0).
enum SystemAccessMode : std::uint32_t {
  physical_only = 0,       // every address is an MC address
  mapped_only = 1,         // every address goes through context 0
  mapped_in_aperture = 2,  // the system aperture goes through context 0, the rest is physical
  mapped_outside = 3,      // the system aperture is physical, the rest goes through context 0
};

std::uint64_t pair(const RegisterSpace& registers, RegisterAddress low) {
  return registers.peek(low) | static_cast<std::uint64_t>(registers.peek(low + 1)) << 32;
}

// INVALIDATE_ENGn_ADDR_RANGE as PCIe ATS encodes ranges: page number, and a set S bit says that the
// trailing ones of the number give the size (all ones: everything).
struct PageRange {
  std::uint64_t first;
  std::uint64_t last;
};

PageRange decode_range(std::uint64_t range) {
  const std::uint64_t page = (range >> 1) & 0xfffffffffull;
  if (!(range & 1)) return {page << 12, (page << 12) + page_mask};
  const std::uint64_t ones = page & ~(page + 1);  // 2^k - 1 for k trailing ones
  const std::uint64_t span = (ones << 1) | 1;     // pages - 1
  if (ones >= 0xfffffffffull) return {0, ~0ull};
  const std::uint64_t first = page & ~span;
  return {first << 12, ((first + span) << 12) + page_mask};
}

Translation translation_of(const CachedPage& page) {
  return {page.host,     page.base,       page.size,   page.readable,
          page.writable, page.executable, page.system, false};
}

bool permits(const CachedPage& page, Access access) {
  switch (access) {
    case Access::read:
      return page.readable;
    case Access::write:
      return page.writable;
    case Access::atomic:
      return page.readable && page.writable;
    case Access::execute:
      return page.executable;
  }
  return false;
}

}  // namespace

MemoryHub::MemoryHub(Kind kind, RegisterSpace& registers, PhysicalMemory& memory,
                     InterruptSink& interrupts, TimedWorker& worker, CounterRegistry& counters)
    : map_(kind == Kind::graphics ? graphics_hub_registers : multimedia_hub_registers),
      kind_(kind),
      registers_(registers),
      memory_(memory),
      interrupts_(interrupts),
      worker_(worker),
      misses_(counters.get("tlb_misses")),
      faults_(counters.get("page_faults")),
      invalidations_(counters.get("tlb_invalidations")) {
  const auto base = static_cast<std::uint32_t>(memory.framebuffer_base().value() >> 24);
  const auto units = static_cast<std::uint32_t>(memory.vram().size().count() >> 24);
  registers_.set_reset_value(map_.framebuffer_base, base);
  registers_.set_reset_value(map_.framebuffer_top, base + units - 1);
  connect_registers();
}

MemoryHub::~MemoryHub() = default;

std::uint64_t MemoryHub::generation() const {
  return generation_.load(std::memory_order_acquire) + memory_.host().generation();
}

void MemoryHub::invalidate_all() {
  cache_.invalidate_all();
  generation_.fetch_add(1, std::memory_order_acq_rel);
}

PageTableContext MemoryHub::context(unsigned vmid) const {
  const std::uint32_t control = registers_.peek(map_.context_cntl + vmid);
  PageTableContext context;
  context.enabled = gc::GCVM_CONTEXT0_CNTL.enable_context.of(control) != 0;
  context.depth = gc::GCVM_CONTEXT0_CNTL.page_table_depth.of(control);
  context.block_size = gc::GCVM_CONTEXT0_CNTL.page_table_block_size.of(control);
  context.root = pair(registers_, map_.context_base_lo + 2 * vmid);
  context.first_page = pair(registers_, map_.context_start_lo + 2 * vmid) & 0xfffffffffull;
  context.last_page = pair(registers_, map_.context_end_lo + 2 * vmid) & 0xfffffffffull;
  context.vram_base = static_cast<std::uint64_t>(registers_.peek(map_.framebuffer_offset)) << 24;
  return context;
}

std::optional<Translation> MemoryHub::default_page(std::uint64_t page_number,
                                                   std::uint64_t address) const {
  const VramOffset offset(page_number * page_size);
  if (!memory_.vram().contains(offset, Bytes(page_size))) return std::nullopt;
  return Translation{
      memory_.vram().at(offset), address & ~page_mask, page_size, true, true, false, false, true};
}

std::optional<Translation> MemoryHub::translate_system_aperture(std::uint64_t address) const {
  const std::uint64_t agp_bottom = static_cast<std::uint64_t>(registers_.peek(map_.agp_bottom))
                                   << 24;
  const std::uint64_t agp_end = (static_cast<std::uint64_t>(registers_.peek(map_.agp_top)) + 1)
                                << 24;
  if (agp_bottom < agp_end && agp_bottom != 0 && address >= agp_bottom && address < agp_end) {
    const std::uint64_t base = static_cast<std::uint64_t>(registers_.peek(map_.agp_base)) << 24;
    std::byte* const page = memory_.host().find_page(base + (address - agp_bottom));
    if (!page) return std::nullopt;
    return Translation{page, address & ~page_mask, page_size, true, true, true, true, false};
  }
  if (const auto offset = memory_.vram_offset(McAddress(address & ~page_mask), Bytes(page_size))) {
    const McAddress base = memory_.framebuffer_base();
    return Translation{memory_.vram().at(VramOffset{}),
                       base.value(),
                       memory_.vram().size().count(),
                       true,
                       true,
                       true,
                       false,
                       false};
  }
  const std::uint64_t page =
      registers_.peek(map_.aperture_default_lsb) |
      static_cast<std::uint64_t>(registers_.peek(map_.aperture_default_msb) & 0xf) << 32;
  return default_page(page, address);
}

std::optional<CachedPage> MemoryHub::resolve(const PageEntry& entry, std::uint64_t address) const {
  CachedPage page;
  page.readable = entry.readable;
  page.writable = entry.writable;
  page.executable = entry.executable;
  page.system = entry.system;
  if (entry.system) {
    // Neighbouring bus pages are not neighbours in the host's memory: one entry per 4 KiB.
    page.base = address & ~page_mask;
    page.size = page_size;
    page.host_generation = memory_.host().generation();
    page.host = memory_.host().find_page(entry.physical + (page.base - entry.base));
    return page.host ? std::optional(page) : std::nullopt;
  }
  page.base = entry.base;
  page.size = entry.size;
  std::uint64_t physical = entry.physical;
  if (!memory_.vram().contains(VramOffset(physical), Bytes(page.size))) {
    // A fragment that reaches beyond VRAM: the pages inside it still answer.
    physical += (address & ~page_mask) - page.base;
    page.base = address & ~page_mask;
    page.size = page_size;
    if (!memory_.vram().contains(VramOffset(physical), Bytes(page.size))) return std::nullopt;
  }
  page.host = memory_.vram().at(VramOffset(physical));
  return page;
}

std::optional<CachedPage> MemoryHub::look_up(unsigned vmid, std::uint64_t address,
                                             WalkError& error) {
  if (auto hit = cache_.find(vmid, address)) {
    // Host memory that has gone does not answer, whatever the TLB says.
    if (!hit->system || hit->host_generation == memory_.host().generation()) return hit;
  }
  misses_.add();
  const std::uint64_t epoch = cache_.epoch();
  const WalkResult walk = walk_page_tables(context(vmid), address, memory_);
  error = walk.error;
  if (!walk.page) return std::nullopt;
  auto page = resolve(*walk.page, address);
  if (!page) {
    error = WalkError::not_answered;
    return std::nullopt;
  }
  cache_.insert(vmid, *page, epoch);
  return page;
}

std::optional<Translation> MemoryHub::translate_mapped(unsigned vmid, std::uint64_t address,
                                                       Access access, HubClient client) {
  WalkError error = WalkError::none;
  const auto page = look_up(vmid, address, error);
  if (page && permits(*page, access)) return translation_of(*page);
  return fail({vmid, address, access, client, error, !page.has_value()});
}

std::optional<Translation> MemoryHub::translate(unsigned vmid, std::uint64_t address, Access access,
                                                HubClient client) {
  vmid %= contexts;
  if (vmid != 0) return translate_mapped(vmid, address, access, client);
  const std::uint32_t mode =
      gc::GCMC_VM_MX_L1_TLB_CNTL.system_access_mode.of(registers_.peek(map_.l1_tlb_cntl));
  const std::uint64_t unit = address >> 18;  // the aperture's registers count 256 KiB
  const bool inside = unit >= registers_.peek(map_.system_aperture_low) &&
                      unit <= registers_.peek(map_.system_aperture_high);
  const bool physical = mode == physical_only || (mode == mapped_in_aperture && !inside) ||
                        (mode == mapped_outside && inside);
  return physical ? translate_system_aperture(address)
                  : translate_mapped(0, address, access, client);
}

std::optional<Translation> MemoryHub::fail(const ProtectionFault& fault) {
  faults_.add();
  record(fault);
  const std::uint32_t control = registers_.peek(map_.context_cntl + fault.vmid);
  if (!fault_policy(control, fault).to_default_page) return std::nullopt;
  const std::uint64_t page =
      registers_.peek(map_.fault_default_lo) |
      static_cast<std::uint64_t>(registers_.peek(map_.fault_default_hi) & 0xf) << 32;
  return default_page(page, fault.address);
}

void MemoryHub::record(const ProtectionFault& fault) {
  {
    const std::lock_guard lock(fault_mutex_);
    const std::uint32_t held = registers_.peek(map_.fault_status);
    const auto& control = gc::GCVM_L2_PROTECTION_FAULT_CNTL;
    const bool update =
        held == 0 || control.allow_subsequent_protection_fault_status_addr_updates.of(
                         registers_.peek(map_.fault_cntl)) != 0;
    if (update) {
      registers_.poke(map_.fault_addr_lo, static_cast<std::uint32_t>(fault.address >> 12));
      registers_.poke(map_.fault_addr_hi, static_cast<std::uint32_t>(fault.address >> 44) & 0xf);
    }
    const std::uint32_t more =
        held != 0 ? gc::GCVM_L2_PROTECTION_FAULT_STATUS.more_faults(1).bits : 0;
    registers_.poke(map_.fault_status, (update ? fault_status(fault) : held) | more);
  }
  if (!fault_policy(registers_.peek(map_.context_cntl + fault.vmid), fault).interrupt) return;
  InterruptEntry entry;
  entry.client_id = map_.interrupt_client;
  entry.source_id = 0;  // GFX_11_0_0__SRCID__UTCL2_FAULT
  entry.vmid = static_cast<std::uint8_t>(fault.vmid);
  entry.graphics_hub = kind_ == Kind::graphics;
  entry.context[0] = static_cast<std::uint32_t>(fault.address >> 12);
  entry.context[1] = (static_cast<std::uint32_t>(fault.address >> 44) & 0xf) |
                     (is_write(fault.access) ? 0x20u : 0u);
  interrupts_.raise(entry);
}

void MemoryHub::clear_fault_status() {
  const std::lock_guard lock(fault_mutex_);
  for (const auto address : {map_.fault_status, map_.fault_addr_lo, map_.fault_addr_hi})
    registers_.poke(address, 0);
}

void MemoryHub::connect_registers() {
  // Read-only for the host.
  for (const auto address : {map_.fault_status, map_.fault_addr_lo, map_.fault_addr_hi}) {
    registers_.on_write(address, 1,
                        [this](const RegisterWrite& w) { registers_.poke(w.address, w.previous); });
  }
  registers_.on_write(map_.fault_cntl, 1, [this](const RegisterWrite& w) {
    const auto& clear = gc::GCVM_L2_PROTECTION_FAULT_CNTL.clear_protection_fault_status_addr;
    if (clear.of(w.value)) clear_fault_status();
    registers_.update(w.address, clear.mask(), 0);
  });
  registers_.on_write(map_.l2_cntl2, 1, [this](const RegisterWrite& w) {
    const auto& control = gc::GCVM_L2_CNTL2;
    if (control.invalidate_l2_cache.of(w.value) || control.invalidate_all_l1_tlbs.of(w.value))
      invalidate_all();
  });
  registers_.on_write(map_.invalidate_req, hub_invalidation_engines,
                      [this](const RegisterWrite& w) {
                        begin_invalidation(w.address - map_.invalidate_req, w.value);
                      });
  registers_.on_write(map_.invalidate_ack, hub_invalidation_engines,
                      [this](const RegisterWrite& w) { registers_.poke(w.address, w.previous); });
  // A semaphore is taken by the read that finds it free, and given back by writing 0. Stored: 1
  // taken.
  registers_.on_read(map_.invalidate_sem, hub_invalidation_engines,
                     [this](RegisterAddress address, Selection) {
                       return registers_.update(address, 1, 1) & 1 ? 0u : 1u;
                     });
  registers_.on_write(map_.invalidate_sem, hub_invalidation_engines,
                      [this](const RegisterWrite& w) {
                        if (w.value & 1) registers_.poke(w.address, w.previous);
                      });
}

void MemoryHub::begin_invalidation(unsigned engine, std::uint32_t request) {
  invalidations_.add();
  registers_.poke(map_.invalidate_ack + engine, 0);
  const std::uint64_t range = pair(registers_, map_.invalidate_range_lo + 2 * engine);
  worker_.after(invalidation_latency,
                [this, engine, request, range] { finish_invalidation(engine, request, range); });
}

void MemoryHub::finish_invalidation(unsigned engine, std::uint32_t request, std::uint64_t range) {
  const auto& fields = gc::GCVM_INVALIDATE_ENG17_REQ;
  const std::uint32_t vmids = fields.per_vmid_invalidate_req.of(request);
  const PageRange pages = decode_range(range);
  // L1 and L2 are one cache here; any of the bits that name a level drops its translations.
  const bool translations =
      fields.invalidate_l2_ptes.of(request) || fields.invalidate_l1_ptes.of(request) ||
      fields.invalidate_l2_pde0.of(request) || fields.invalidate_l2_pde1.of(request) ||
      fields.invalidate_l2_pde2.of(request);
  for (unsigned vmid = 0; vmid < contexts && translations; ++vmid) {
    if (vmids >> vmid & 1) cache_.invalidate(vmid, pages.first, pages.last);
  }
  generation_.fetch_add(1, std::memory_order_acq_rel);
  if (fields.clear_protection_fault_status_addr.of(request)) clear_fault_status();
  registers_.poke(map_.invalidate_ack + engine, vmids);
}

template <class Piece>
bool MemoryHub::copy(unsigned vmid, std::uint64_t address, std::size_t size, Access access,
                     HubClient client, Piece piece) {
  for (std::size_t done = 0; done < size;) {
    const auto page = translate(vmid, address + done, access, client);
    if (!page) return false;
    const std::uint64_t into = address + done - page->base;
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(size - done, page->size - into));
    piece(page->host + into, done, count);
    done += count;
  }
  return true;
}

bool MemoryHub::read(unsigned vmid, std::uint64_t address, std::span<std::byte> into,
                     HubClient client) {
  return copy(vmid, address, into.size(), Access::read, client,
              [&](const std::byte* host, std::size_t done, std::size_t count) {
                copy_memory(into.data() + done, host, count);
              });
}

bool MemoryHub::write(unsigned vmid, std::uint64_t address, std::span<const std::byte> from,
                      HubClient client) {
  return copy(vmid, address, from.size(), Access::write, client,
              [&](std::byte* host, std::size_t done, std::size_t count) {
                copy_memory(host, from.data() + done, count);
              });
}

std::optional<std::uint32_t> MemoryHub::read32(unsigned vmid, std::uint64_t address,
                                               HubClient client) {
  std::uint32_t value = 0;
  if (!read(vmid, address, std::as_writable_bytes(std::span(&value, 1)), client))
    return std::nullopt;
  return value;
}

std::optional<std::uint64_t> MemoryHub::read64(unsigned vmid, std::uint64_t address,
                                               HubClient client) {
  std::uint64_t value = 0;
  if (!read(vmid, address, std::as_writable_bytes(std::span(&value, 1)), client))
    return std::nullopt;
  return value;
}

bool MemoryHub::write32(unsigned vmid, std::uint64_t address, std::uint32_t value,
                        HubClient client) {
  return write(vmid, address, std::as_bytes(std::span(&value, 1)), client);
}

bool MemoryHub::write64(unsigned vmid, std::uint64_t address, std::uint64_t value,
                        HubClient client) {
  return write(vmid, address, std::as_bytes(std::span(&value, 1)), client);
}

}  // namespace redbolt::emulator
