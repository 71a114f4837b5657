#include "memory/protection_fault.hpp"

#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace gc = registers::gc;

template <class Interrupt, class Default>
FaultPolicy policy(std::uint32_t control, Interrupt interrupt, Default to_default) {
  return {interrupt.of(control) != 0, to_default.of(control) != 0};
}

}  // namespace

FaultPolicy fault_policy(std::uint32_t control, const ProtectionFault& fault) {
  const auto& c = gc::GCVM_CONTEXT0_CNTL;
  switch (fault.walk) {
    case WalkError::range:
      return policy(control, c.range_protection_fault_enable_interrupt,
                    c.range_protection_fault_enable_default);
    case WalkError::directory0:
    case WalkError::directory1:
    case WalkError::directory2:
      return policy(control, c.pde0_protection_fault_enable_interrupt,
                    c.pde0_protection_fault_enable_default);
    case WalkError::not_answered:
    case WalkError::none:
      break;
  }
  if (fault.invalid) {
    return policy(control, c.valid_protection_fault_enable_interrupt,
                  c.valid_protection_fault_enable_default);
  }
  if (fault.access == Access::execute) {
    return policy(control, c.execute_protection_fault_enable_interrupt,
                  c.execute_protection_fault_enable_default);
  }
  if (is_write(fault.access)) {
    return policy(control, c.write_protection_fault_enable_interrupt,
                  c.write_protection_fault_enable_default);
  }
  return policy(control, c.read_protection_fault_enable_interrupt,
                c.read_protection_fault_enable_default);
}

std::uint32_t fault_status(const ProtectionFault& fault) {
  const auto& status = gc::GCVM_L2_PROTECTION_FAULT_STATUS;
  std::uint32_t permission = fault.invalid ? 1 : 0;
  if (fault.access == Access::execute) permission |= 8;
  if (fault.access == Access::read || fault.access == Access::atomic) permission |= 2;
  if (is_write(fault.access)) permission |= 4;
  return (status.walker_error(static_cast<std::uint32_t>(fault.walk)) |
          status.permission_faults(permission) |
          status.mapping_error(fault.walk != WalkError::none ? 1 : 0) |
          status.cid(static_cast<std::uint32_t>(fault.client)) |
          status.rw(is_write(fault.access) ? 1 : 0) |
          status.atomic(fault.access == Access::atomic ? 1 : 0) | status.vmid(fault.vmid))
      .bits;
}

}  // namespace redbolt::emulator
