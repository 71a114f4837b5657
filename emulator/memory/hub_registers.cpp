#include "memory/hub_registers.hpp"

#include "blocks/register_address.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"
#include "redbolt/registers/mmhub_3_0_0.hpp"

namespace redbolt::emulator {

namespace gc = registers::gc;
namespace mm = registers::mmhub;

// The strides above, checked against the tables.
static_assert(address_of(gc::GCVM_CONTEXT15_CNTL) == address_of(gc::GCVM_CONTEXT0_CNTL) + 15);
static_assert(address_of(gc::GCVM_CONTEXT15_PAGE_TABLE_BASE_ADDR_LO32) ==
              address_of(gc::GCVM_CONTEXT0_PAGE_TABLE_BASE_ADDR_LO32) + 30);
static_assert(address_of(mm::MMVM_CONTEXT15_PAGE_TABLE_END_ADDR_HI32) ==
              address_of(mm::MMVM_CONTEXT0_PAGE_TABLE_END_ADDR_LO32) + 31);
static_assert(address_of(gc::GCVM_INVALIDATE_ENG17_ACK) ==
              address_of(gc::GCVM_INVALIDATE_ENG0_ACK) + 17);
static_assert(address_of(mm::MMVM_INVALIDATE_ENG17_ADDR_RANGE_HI32) ==
              address_of(mm::MMVM_INVALIDATE_ENG0_ADDR_RANGE_LO32) + 35);

const HubRegisters graphics_hub_registers{
    .l2_cntl = address_of(gc::GCVM_L2_CNTL),
    .l2_cntl2 = address_of(gc::GCVM_L2_CNTL2),
    .fault_cntl = address_of(gc::GCVM_L2_PROTECTION_FAULT_CNTL),
    .fault_status = address_of(gc::GCVM_L2_PROTECTION_FAULT_STATUS),
    .fault_addr_lo = address_of(gc::GCVM_L2_PROTECTION_FAULT_ADDR_LO32),
    .fault_addr_hi = address_of(gc::GCVM_L2_PROTECTION_FAULT_ADDR_HI32),
    .fault_default_lo = address_of(gc::GCVM_L2_PROTECTION_FAULT_DEFAULT_ADDR_LO32),
    .fault_default_hi = address_of(gc::GCVM_L2_PROTECTION_FAULT_DEFAULT_ADDR_HI32),
    .l1_tlb_cntl = address_of(gc::GCMC_VM_MX_L1_TLB_CNTL),
    .system_aperture_low = address_of(gc::GCMC_VM_SYSTEM_APERTURE_LOW_ADDR),
    .system_aperture_high = address_of(gc::GCMC_VM_SYSTEM_APERTURE_HIGH_ADDR),
    .aperture_default_lsb = address_of(gc::GCMC_VM_SYSTEM_APERTURE_DEFAULT_ADDR_LSB),
    .aperture_default_msb = address_of(gc::GCMC_VM_SYSTEM_APERTURE_DEFAULT_ADDR_MSB),
    .agp_base = address_of(gc::GCMC_VM_AGP_BASE),
    .agp_bottom = address_of(gc::GCMC_VM_AGP_BOT),
    .agp_top = address_of(gc::GCMC_VM_AGP_TOP),
    .framebuffer_base = address_of(gc::GCMC_VM_FB_LOCATION_BASE),
    .framebuffer_top = address_of(gc::GCMC_VM_FB_LOCATION_TOP),
    .framebuffer_offset = address_of(gc::GCMC_VM_FB_OFFSET),
    .context_cntl = address_of(gc::GCVM_CONTEXT0_CNTL),
    .context_base_lo = address_of(gc::GCVM_CONTEXT0_PAGE_TABLE_BASE_ADDR_LO32),
    .context_start_lo = address_of(gc::GCVM_CONTEXT0_PAGE_TABLE_START_ADDR_LO32),
    .context_end_lo = address_of(gc::GCVM_CONTEXT0_PAGE_TABLE_END_ADDR_LO32),
    .invalidate_sem = address_of(gc::GCVM_INVALIDATE_ENG0_SEM),
    .invalidate_req = address_of(gc::GCVM_INVALIDATE_ENG0_REQ),
    .invalidate_ack = address_of(gc::GCVM_INVALIDATE_ENG0_ACK),
    .invalidate_range_lo = address_of(gc::GCVM_INVALIDATE_ENG0_ADDR_RANGE_LO32),
    .interrupt_client = 10,  // SOC21_IH_CLIENTID_GFX
};

const HubRegisters multimedia_hub_registers{
    .l2_cntl = address_of(mm::MMVM_L2_CNTL),
    .l2_cntl2 = address_of(mm::MMVM_L2_CNTL2),
    .fault_cntl = address_of(mm::MMVM_L2_PROTECTION_FAULT_CNTL),
    .fault_status = address_of(mm::MMVM_L2_PROTECTION_FAULT_STATUS),
    .fault_addr_lo = address_of(mm::MMVM_L2_PROTECTION_FAULT_ADDR_LO32),
    .fault_addr_hi = address_of(mm::MMVM_L2_PROTECTION_FAULT_ADDR_HI32),
    .fault_default_lo = address_of(mm::MMVM_L2_PROTECTION_FAULT_DEFAULT_ADDR_LO32),
    .fault_default_hi = address_of(mm::MMVM_L2_PROTECTION_FAULT_DEFAULT_ADDR_HI32),
    .l1_tlb_cntl = address_of(mm::MMMC_VM_MX_L1_TLB_CNTL),
    .system_aperture_low = address_of(mm::MMMC_VM_SYSTEM_APERTURE_LOW_ADDR),
    .system_aperture_high = address_of(mm::MMMC_VM_SYSTEM_APERTURE_HIGH_ADDR),
    .aperture_default_lsb = address_of(mm::MMMC_VM_SYSTEM_APERTURE_DEFAULT_ADDR_LSB),
    .aperture_default_msb = address_of(mm::MMMC_VM_SYSTEM_APERTURE_DEFAULT_ADDR_MSB),
    .agp_base = address_of(mm::MMMC_VM_AGP_BASE),
    .agp_bottom = address_of(mm::MMMC_VM_AGP_BOT),
    .agp_top = address_of(mm::MMMC_VM_AGP_TOP),
    .framebuffer_base = address_of(mm::MMMC_VM_FB_LOCATION_BASE),
    .framebuffer_top = address_of(mm::MMMC_VM_FB_LOCATION_TOP),
    .framebuffer_offset = address_of(mm::MMMC_VM_FB_OFFSET),
    .context_cntl = address_of(mm::MMVM_CONTEXT0_CNTL),
    .context_base_lo = address_of(mm::MMVM_CONTEXT0_PAGE_TABLE_BASE_ADDR_LO32),
    .context_start_lo = address_of(mm::MMVM_CONTEXT0_PAGE_TABLE_START_ADDR_LO32),
    .context_end_lo = address_of(mm::MMVM_CONTEXT0_PAGE_TABLE_END_ADDR_LO32),
    .invalidate_sem = address_of(mm::MMVM_INVALIDATE_ENG0_SEM),
    .invalidate_req = address_of(mm::MMVM_INVALIDATE_ENG0_REQ),
    .invalidate_ack = address_of(mm::MMVM_INVALIDATE_ENG0_ACK),
    .invalidate_range_lo = address_of(mm::MMVM_INVALIDATE_ENG0_ADDR_RANGE_LO32),
    .interrupt_client = 18,  // SOC21_IH_CLIENTID_VMC
};

}  // namespace redbolt::emulator
