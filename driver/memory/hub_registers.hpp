// The registers of the two memory hubs under common names, so that one piece of code drives both.
#pragma once

#include "redbolt/registers/gc_11_0_0.hpp"
#include "redbolt/registers/mmhub_3_0_0.hpp"

namespace redbolt::driver {

struct HubRegisters {
  const registers::Register *agp_base, *agp_bottom, *agp_top;
  const registers::Register *aperture_low, *aperture_high;
  const registers::Register *aperture_default_low, *aperture_default_high;
  const registers::Register *fault_default_low, *fault_default_high;
  const registers::Register *fault_control, *fault_control2, *fault_status;
  const registers::Register *fault_address_low, *fault_address_high;
  const registers::Register* l1_tlb_control;
  const registers::Register *l2_control, *l2_control2, *l2_control3, *l2_control4, *l2_control5;
  const registers::Register* context_control;
  const registers::Register *context_start_low, *context_end_low, *context_base_low;
  const registers::Register *identity_low_low, *identity_low_high;
  const registers::Register *identity_high_low, *identity_high_high;
  const registers::Register *identity_offset_low, *identity_offset_high;
  const registers::Register* engine0_range_low;  // 18 engines, low and high dword of each
  const registers::Register *engine17_semaphore, *engine17_request, *engine17_acknowledge;
  const registers::Register* bank_select;  // multimedia hub only
};

// `P` is the prefix of a hub's registers (GC or MM), `ns` their namespace.
#define REDBOLT_HUB_REGISTERS(ns, P, SEMAPHORE, BANK)                                            \
  {                                                                                              \
    &ns::P##MC_VM_AGP_BASE, &ns::P##MC_VM_AGP_BOT, &ns::P##MC_VM_AGP_TOP,                        \
        &ns::P##MC_VM_SYSTEM_APERTURE_LOW_ADDR, &ns::P##MC_VM_SYSTEM_APERTURE_HIGH_ADDR,         \
        &ns::P##MC_VM_SYSTEM_APERTURE_DEFAULT_ADDR_LSB,                                          \
        &ns::P##MC_VM_SYSTEM_APERTURE_DEFAULT_ADDR_MSB,                                          \
        &ns::P##VM_L2_PROTECTION_FAULT_DEFAULT_ADDR_LO32,                                        \
        &ns::P##VM_L2_PROTECTION_FAULT_DEFAULT_ADDR_HI32, &ns::P##VM_L2_PROTECTION_FAULT_CNTL,   \
        &ns::P##VM_L2_PROTECTION_FAULT_CNTL2, &ns::P##VM_L2_PROTECTION_FAULT_STATUS,             \
        &ns::P##VM_L2_PROTECTION_FAULT_ADDR_LO32, &ns::P##VM_L2_PROTECTION_FAULT_ADDR_HI32,      \
        &ns::P##MC_VM_MX_L1_TLB_CNTL, &ns::P##VM_L2_CNTL, &ns::P##VM_L2_CNTL2,                   \
        &ns::P##VM_L2_CNTL3, &ns::P##VM_L2_CNTL4, &ns::P##VM_L2_CNTL5, &ns::P##VM_CONTEXT0_CNTL, \
        &ns::P##VM_CONTEXT0_PAGE_TABLE_START_ADDR_LO32,                                          \
        &ns::P##VM_CONTEXT0_PAGE_TABLE_END_ADDR_LO32,                                            \
        &ns::P##VM_CONTEXT0_PAGE_TABLE_BASE_ADDR_LO32,                                           \
        &ns::P##VM_L2_CONTEXT1_IDENTITY_APERTURE_LOW_ADDR_LO32,                                  \
        &ns::P##VM_L2_CONTEXT1_IDENTITY_APERTURE_LOW_ADDR_HI32,                                  \
        &ns::P##VM_L2_CONTEXT1_IDENTITY_APERTURE_HIGH_ADDR_LO32,                                 \
        &ns::P##VM_L2_CONTEXT1_IDENTITY_APERTURE_HIGH_ADDR_HI32,                                 \
        &ns::P##VM_L2_CONTEXT_IDENTITY_PHYSICAL_OFFSET_LO32,                                     \
        &ns::P##VM_L2_CONTEXT_IDENTITY_PHYSICAL_OFFSET_HI32,                                     \
        &ns::P##VM_INVALIDATE_ENG0_ADDR_RANGE_LO32, SEMAPHORE, &ns::P##VM_INVALIDATE_ENG17_REQ,  \
        &ns::P##VM_INVALIDATE_ENG17_ACK, BANK                                                    \
  }

inline constexpr HubRegisters kGraphicsHub =
    REDBOLT_HUB_REGISTERS(registers::gc, GC, nullptr, nullptr);
inline constexpr HubRegisters kMultimediaHub =
    REDBOLT_HUB_REGISTERS(registers::mmhub, MM, &registers::mmhub::MMVM_INVALIDATE_ENG17_SEM,
                          &registers::mmhub::MMVM_L2_BANK_SELECT_RESERVED_CID2);

#undef REDBOLT_HUB_REGISTERS

}  // namespace redbolt::driver
