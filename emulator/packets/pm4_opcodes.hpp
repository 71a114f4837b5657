// PM4 type-3 packets that a compute micro engine executes (opcodes: card/pm4_opcodes.csv).
#pragma once

#include <cstdint>

namespace redbolt::emulator::pm4 {

enum class Opcode : std::uint8_t {
  nop = 0x10,
  dispatch_direct = 0x15,
  dispatch_indirect = 0x16,
  atomic_mem = 0x1e,
  cond_exec = 0x22,
  write_data = 0x37,
  wait_reg_mem = 0x3c,
  indirect_buffer = 0x3f,
  copy_data = 0x40,
  cond_write = 0x45,
  event_write = 0x46,
  release_mem = 0x49,
  dma_data = 0x50,
  acquire_mem = 0x58,
  set_sh_reg = 0x76,
  set_uconfig_reg = 0x79,
  set_uconfig_reg_index = 0x7a,
  wait_reg_mem64 = 0x93,
  set_sh_reg_index = 0x9b,
};

// Register windows of the SET_*_REG packets, in absolute dword addresses (pm4_fields.csv).
inline constexpr std::uint32_t sh_registers_first = 0x2c00;
inline constexpr std::uint32_t sh_registers_count = 0x400;
inline constexpr std::uint32_t uconfig_registers_first = 0xc000;
inline constexpr std::uint32_t uconfig_registers_count = 0x4000;

// A NOP of this count is the header alone.
inline constexpr std::uint32_t nop_header_only = 0x3fff;

inline constexpr std::uint32_t type2 = 2;
inline constexpr std::uint32_t type3 = 3;

constexpr std::uint32_t header(Opcode opcode, std::uint32_t body_dwords) {
  return type3 << 30 | ((body_dwords - 1) & 0x3fff) << 16 | static_cast<std::uint32_t>(opcode) << 8;
}

}  // namespace redbolt::emulator::pm4
