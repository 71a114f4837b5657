#include "memory/memory_hub.hpp"

#include "memory/hub_registers.hpp"
#include "memory/vram_layout.hpp"

namespace redbolt::driver {
namespace {

namespace gc = registers::gc;
namespace mmhub = registers::mmhub;

constexpr unsigned kInvalidationEngines = 18;

// Values follow the reference boot. The two hubs have the same fields, so the graphics hub's serve
// both (tests/driver compares the tables).
constexpr std::uint32_t kL1TlbControl =
    (gc::GCMC_VM_MX_L1_TLB_CNTL.enable_l1_tlb(1) |
     gc::GCMC_VM_MX_L1_TLB_CNTL.system_access_mode(3) |
     gc::GCMC_VM_MX_L1_TLB_CNTL.enable_advanced_driver_model(1) |
     gc::GCMC_VM_MX_L1_TLB_CNTL.mtype(3))  // uncached
        .bits;
constexpr std::uint32_t kL1TlbMask =
    (gc::GCMC_VM_MX_L1_TLB_CNTL.enable_l1_tlb(1) |
     gc::GCMC_VM_MX_L1_TLB_CNTL.system_access_mode(3) |
     gc::GCMC_VM_MX_L1_TLB_CNTL.enable_advanced_driver_model(1) |
     gc::GCMC_VM_MX_L1_TLB_CNTL.system_aperture_unmapped_access(0) |
     gc::GCMC_VM_MX_L1_TLB_CNTL.eco_bits(0) | gc::GCMC_VM_MX_L1_TLB_CNTL.mtype(3))
        .mask;

constexpr auto kL2Control = gc::GCVM_L2_CNTL.enable_l2_cache(1) |
                            gc::GCVM_L2_CNTL.enable_l2_fragment_processing(0) |
                            gc::GCVM_L2_CNTL.enable_default_page_out_to_system_memory(1) |
                            gc::GCVM_L2_CNTL.l2_pde0_cache_tag_generation_mode(0) |
                            gc::GCVM_L2_CNTL.pde_fault_classification(0) |
                            gc::GCVM_L2_CNTL.context1_identity_access_mode(1) |
                            gc::GCVM_L2_CNTL.identity_mode_fragment_size(0);
constexpr auto kL2Control2 =
    gc::GCVM_L2_CNTL2.invalidate_all_l1_tlbs(1) | gc::GCVM_L2_CNTL2.invalidate_l2_cache(1);
constexpr std::uint32_t kL2Control3 =
    (gc::GCVM_L2_CNTL3.bank_select(9) | gc::GCVM_L2_CNTL3.l2_cache_bigk_fragment_size(6) |
     gc::GCVM_L2_CNTL3.l2_cache_bigk_associativity(1) |
     gc::GCVM_L2_CNTL3.l2_cache_4k_associativity(1))
        .bits;
constexpr std::uint32_t kL2Control4 = gc::GCVM_L2_CNTL4.l2_cache_4k_partition_count(1).bits;
constexpr std::uint32_t kL2Control5 = gc::GCVM_L2_CNTL5.walker_priority_client_id(0x1ff).bits;

// Every kind of protection fault raises an interrupt and is redirected to the default page: bits 9
// to 22 have names in the tables, 23 and 24 are the same pair for one more kind.
constexpr std::uint32_t kFaultHandling = 0x01fffe00;
constexpr std::uint32_t kContextControl =
    (gc::GCVM_CONTEXT0_CNTL.enable_context(1) | gc::GCVM_CONTEXT0_CNTL.page_table_depth(3) |
     gc::GCVM_CONTEXT0_CNTL.page_table_block_size(0))
        .bits |
    kFaultHandling;

constexpr std::uint32_t kInvalidateRequest = (gc::GCVM_INVALIDATE_ENG17_REQ.flush_type(0) |
                                              gc::GCVM_INVALIDATE_ENG17_REQ.invalidate_l2_ptes(1) |
                                              gc::GCVM_INVALIDATE_ENG17_REQ.invalidate_l2_pde0(1) |
                                              gc::GCVM_INVALIDATE_ENG17_REQ.invalidate_l2_pde1(1) |
                                              gc::GCVM_INVALIDATE_ENG17_REQ.invalidate_l2_pde2(1) |
                                              gc::GCVM_INVALIDATE_ENG17_REQ.invalidate_l1_ptes(1))
                                                 .bits;

constexpr std::uint32_t low32(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}
constexpr std::uint32_t high32(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

}  // namespace

Framebuffer read_framebuffer(RegisterFile& registers, Bytes vram) {
  constexpr unsigned kUnitShift = 24;  // both registers count in 16 MiB
  const std::uint64_t base = registers.read(mmhub::MMMC_VM_FB_LOCATION_BASE) & 0xffffff;
  const std::uint64_t top = registers.read(mmhub::MMMC_VM_FB_LOCATION_TOP) & 0xffffff;
  const Framebuffer framebuffer{McAddress(base << kUnitShift), McAddress(top << kUnitShift)};
  if (top < base || ((top - base + 1) << kUnitShift) < vram.count()) {
    throw registers.error(DriverErrorCode::unsupported_card, &mmhub::MMMC_VM_FB_LOCATION_BASE,
                          "the card's framebuffer range does not hold its video memory");
  }
  return framebuffer;
}

MemoryHub::MemoryHub(RegisterFile& registers, Kind kind)
    : registers_(registers), hub_(kind == Kind::graphics ? kGraphicsHub : kMultimediaHub) {}

void MemoryHub::configure(const Framebuffer& framebuffer, VramOffset root) {
  configure_apertures(framebuffer);
  configure_caches();
  set_context(0, root);
  close_identity_aperture();
  configure_invalidation();
}

void MemoryHub::configure_apertures(const Framebuffer& framebuffer) {
  // AGP aperture off: bottom above top.
  registers_.write(*hub_.agp_base, 0);
  registers_.write(*hub_.agp_bottom, 0xffffff);
  registers_.write(*hub_.agp_top, 0);

  constexpr unsigned kApertureShift = 18;
  registers_.write(*hub_.aperture_low, low32(framebuffer.base.value() >> kApertureShift));
  registers_.write(*hub_.aperture_high, low32(framebuffer.top.value() >> kApertureShift));

  // Default pages are given as page numbers in video memory.
  const std::uint64_t stray = vram_layout::kDefaultPage.value() >> 12;
  registers_.write(*hub_.aperture_default_low, low32(stray));
  registers_.write(*hub_.aperture_default_high, high32(stray));
  const std::uint64_t fault = vram_layout::kFaultPage.value() >> 12;
  registers_.write(*hub_.fault_default_low, low32(fault));
  registers_.write(*hub_.fault_default_high, high32(fault));

  const std::uint32_t control2 = registers_.read(*hub_.fault_control2);
  registers_.write(
      *hub_.fault_control2,
      gc::GCVM_L2_PROTECTION_FAULT_CNTL2.active_page_migration_pte_read_retry(1).applied_to(
          control2));
}

void MemoryHub::configure_caches() {
  const std::uint32_t l1 = registers_.read(*hub_.l1_tlb_control);
  registers_.write(*hub_.l1_tlb_control, (l1 & ~kL1TlbMask) | kL1TlbControl);
  registers_.write(*hub_.l2_control, kL2Control.applied_to(registers_.read(*hub_.l2_control)));
  registers_.write(*hub_.l2_control2, kL2Control2.applied_to(registers_.read(*hub_.l2_control2)));
  registers_.write(*hub_.l2_control3, kL2Control3);
  registers_.write(*hub_.l2_control4, kL2Control4);
  registers_.write(*hub_.l2_control5, kL2Control5);
}

// The contexts' registers follow each other: one control register each, three pairs of addresses.
void MemoryHub::set_context(unsigned vmid, VramOffset root) {
  const auto write_pair = [&](const registers::Register& low, std::uint64_t value) {
    registers_.write_nth(low, 2 * vmid, low32(value));
    registers_.write_nth(low, 2 * vmid + 1, high32(value));
  };
  constexpr std::uint64_t kValid = 1;
  write_pair(*hub_.context_start_low, kVmStart.value() >> 12);
  write_pair(*hub_.context_end_low, kVmLast.value() >> 12);
  write_pair(*hub_.context_base_low, root.value() | kValid);
  registers_.write_nth(*hub_.context_control, vmid, kContextControl);
}

void MemoryHub::close_identity_aperture() {
  // Identity aperture of context 1 off: low end above high end.
  registers_.write(*hub_.identity_low_low, 0xffffffff);
  registers_.write(*hub_.identity_low_high, 0xf);
  registers_.write(*hub_.identity_high_low, 0);
  registers_.write(*hub_.identity_high_high, 0);
  registers_.write(*hub_.identity_offset_low, 0);
  registers_.write(*hub_.identity_offset_high, 0);
}

void MemoryHub::configure_invalidation() {
  // Each engine may invalidate the whole address space.
  for (unsigned engine = 0; engine < kInvalidationEngines; ++engine) {
    registers_.write_nth(*hub_.engine0_range_low, engine * 2, 0xffffffff);
    registers_.write_nth(*hub_.engine0_range_low, engine * 2 + 1, 0x1f);
  }
}

void MemoryHub::invalidate(std::uint32_t contexts) {
  if (hub_.engine17_semaphore) {
    registers_.wait(*hub_.engine17_semaphore, 1, 1);  // reading 1 acquires it
  }
  registers_.write(*hub_.engine17_request,
                   gc::GCVM_INVALIDATE_ENG17_REQ.per_vmid_invalidate_req(contexts).applied_to(
                       kInvalidateRequest));
  registers_.wait(*hub_.engine17_acknowledge, contexts, contexts);
  if (hub_.engine17_semaphore) registers_.write(*hub_.engine17_semaphore, 0);
  if (hub_.bank_select) {
    // The reserved bank keeps translations of its own; the read makes sure the write has arrived.
    registers_.write(
        *hub_.bank_select,
        mmhub::MMVM_L2_BANK_SELECT_RESERVED_CID2.reserved_cache_private_invalidation(1).applied_to(
            registers_.read(*hub_.bank_select)));
    registers_.read(*hub_.bank_select);
  }
}

MemoryHub::Fault MemoryHub::fault() {
  Fault fault;
  fault.status = registers_.read(*hub_.fault_status);
  if (fault.status == 0) return fault;
  const std::uint64_t low = registers_.read(*hub_.fault_address_low);
  const std::uint64_t high = registers_.read(*hub_.fault_address_high) & 0xf;
  fault.page = GpuAddress((high << 32 | low) << 12);
  fault.is_write = gc::GCVM_L2_PROTECTION_FAULT_STATUS.rw.of(fault.status) != 0;
  fault.vmid = gc::GCVM_L2_PROTECTION_FAULT_STATUS.vmid.of(fault.status);
  return fault;
}

void MemoryHub::clear_fault() {
  // The bit is a trigger: set, then taken back.
  const std::uint32_t control = registers_.read(*hub_.fault_control);
  constexpr auto clear = gc::GCVM_L2_PROTECTION_FAULT_CNTL.clear_protection_fault_status_addr;
  registers_.write(*hub_.fault_control, clear(1).applied_to(control));
  registers_.write(*hub_.fault_control, clear(0).applied_to(control));
}

}  // namespace redbolt::driver
