// Client and source ids of interrupts that the queue engines raise (card/ih_ids.csv).
#pragma once

#include <cstdint>

namespace redbolt::emulator::interrupt_id {

// SOC21_IH_CLIENTID_*
inline constexpr std::uint8_t client_gfx = 10;      // SDMA
inline constexpr std::uint8_t client_vmc = 18;      // page faults
inline constexpr std::uint8_t client_grbm_cp = 20;  // command processors and waves

// GFX_11_0_0__SRCID__*
inline constexpr std::uint8_t sdma_trap = 49;
inline constexpr std::uint8_t sdma_queue_hang = 55;
inline constexpr std::uint8_t sdma_poll_timeout = 57;
inline constexpr std::uint8_t cp_reserved_bit_error = 180;
inline constexpr std::uint8_t cp_end_of_pipe = 181;
inline constexpr std::uint8_t cp_bad_opcode = 183;
inline constexpr std::uint8_t cp_privileged_register = 184;
inline constexpr std::uint8_t sq_interrupt = 239;

}  // namespace redbolt::emulator::interrupt_id
