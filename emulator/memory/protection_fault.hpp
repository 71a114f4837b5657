// What a faulting access looks like in a hub's registers (the fields lie alike in both hubs).
#pragma once

#include <cstdint>

#include "memory/page_walker.hpp"

namespace redbolt::emulator {

enum class Access : std::uint8_t { read, write, atomic, execute };

constexpr bool is_write(Access access) {
  return access == Access::write || access == Access::atomic;
}

// Which client of the hub makes an access, as PROTECTION_FAULT_STATUS.cid reports it. The numbers
// are this model's own: the reference names none.
enum class HubClient : std::uint16_t {
  shader_data = 0x04,
  shader_instruction = 0x05,
  command_processor = 0x08,
  sdma0 = 0x0c,
  sdma1 = 0x0d,
  interrupt_handler = 0x11,
  security_processor = 0x14,
  power_controller = 0x15,
};

struct ProtectionFault {
  unsigned vmid = 0;
  std::uint64_t address = 0;
  Access access = Access::read;
  HubClient client = HubClient::shader_data;
  WalkError walk = WalkError::none;
  bool invalid = false;  // there is no valid page; else the page forbids the access
};

// What CONTEXTn_CNTL says shall happen with a fault of this kind.
struct FaultPolicy {
  bool interrupt = false;
  bool to_default_page = false;
};

FaultPolicy fault_policy(std::uint32_t context_cntl, const ProtectionFault& fault);

// PROTECTION_FAULT_STATUS for the fault, without MORE_FAULTS. PERMISSION_FAULTS: bit 0 no valid
// page, bit 1 read, bit 2 write, bit 3 execute.
std::uint32_t fault_status(const ProtectionFault& fault);

}  // namespace redbolt::emulator
