// Where a hub's registers lie: the graphics hub (GCVM_*, GCMC_*) and the multimedia hub (MMVM_*,
// MMMC_*) are the same block twice. Arrays of registers are given by their first and the stride.
#pragma once

#include <cstdint>

#include "blocks/register_space.hpp"

namespace redbolt::emulator {

struct HubRegisters {
  RegisterAddress l2_cntl, l2_cntl2;
  RegisterAddress fault_cntl, fault_status;
  RegisterAddress fault_addr_lo, fault_addr_hi;
  RegisterAddress fault_default_lo, fault_default_hi;
  RegisterAddress l1_tlb_cntl;
  RegisterAddress system_aperture_low, system_aperture_high;
  RegisterAddress aperture_default_lsb, aperture_default_msb;
  RegisterAddress agp_base, agp_bottom, agp_top;
  RegisterAddress framebuffer_base, framebuffer_top, framebuffer_offset;
  RegisterAddress context_cntl;         // 16, stride 1
  RegisterAddress context_base_lo;      // 16, stride 2 (low, high)
  RegisterAddress context_start_lo;     // 16, stride 2
  RegisterAddress context_end_lo;       // 16, stride 2
  RegisterAddress invalidate_sem;       // 18, stride 1
  RegisterAddress invalidate_req;       // 18, stride 1
  RegisterAddress invalidate_ack;       // 18, stride 1
  RegisterAddress invalidate_range_lo;  // 18, stride 2
  std::uint8_t interrupt_client;        // SOC21_IH_CLIENTID_*
};

inline constexpr unsigned hub_contexts = 16;
inline constexpr unsigned hub_invalidation_engines = 18;

extern const HubRegisters graphics_hub_registers;
extern const HubRegisters multimedia_hub_registers;

}  // namespace redbolt::emulator
