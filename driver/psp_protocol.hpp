// The security processor's numbers and memory structures (card/psp_ids.csv and psp_ring_structs.csv
// of the reference tables).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "redbolt/firmware/firmware_set.hpp"

namespace redbolt::driver::psp {

// Boot loader commands by boot piece, in boot order. The secure OS is last: it takes over.
struct BootCommand {
  firmware::Piece piece;
  std::uint32_t command;
};
inline constexpr std::array kBootCommands = {
    BootCommand{firmware::Piece::psp_key_database, 0x80000},
    BootCommand{firmware::Piece::psp_security_patch_level, 0x10000000},
    BootCommand{firmware::Piece::psp_system_driver, 0x10000},
    BootCommand{firmware::Piece::psp_soc_driver, 0xb0000},
    BootCommand{firmware::Piece::psp_interface_driver, 0xd0000},
    BootCommand{firmware::Piece::psp_debug_driver, 0xc0000},
    BootCommand{firmware::Piece::psp_ras_driver, 0xe0000},
    BootCommand{firmware::Piece::psp_secure_os, 0x20000},
};

// GFX_FW_TYPE_* of what LOAD_IP_FW loads, in loading order.
struct EngineType {
  firmware::Piece piece;
  std::uint32_t type;
};
inline constexpr std::array kEngineTypes = {
    EngineType{firmware::Piece::smu, 18},
    EngineType{firmware::Piece::sdma_thread1, 72},
    EngineType{firmware::Piece::sdma_thread0, 71},
    EngineType{firmware::Piece::mec, 89},
    EngineType{firmware::Piece::mec_stack, 94},
    EngineType{firmware::Piece::imu_instructions, 68},
    EngineType{firmware::Piece::imu_data, 69},
    EngineType{firmware::Piece::rlc_iram, 26},
    EngineType{firmware::Piece::rlc_dram_boot, 48},
    EngineType{firmware::Piece::rlc_p, 25},
    EngineType{firmware::Piece::rlc_v, 7},
    EngineType{firmware::Piece::rlc_g, 8},
};

enum class CommandId : std::uint32_t {
  setup_tmr = 5,
  load_ip_fw = 6,
  load_toc = 0x20,
  autoload_rlc = 0x21,
};

inline constexpr std::uint32_t kRingTypeKernel = 2;           // PSP_RING_TYPE__KM
inline constexpr std::uint32_t kFlagResponse = 0x80000000;    // set by the PSP when it has answered
inline constexpr std::uint32_t kResponseStatusMask = 0xffff;  // beside the flag; 0 is success

// A command with its response, and the ring frame that points to it.
inline constexpr std::size_t kCommandSize = 1024;
inline constexpr std::size_t kCommandIdAt = 8;
inline constexpr std::size_t kArgumentsAt = 28;
inline constexpr std::size_t kResponseStatusAt = 864;
inline constexpr std::size_t kResponseTmrSizeAt = 880;

inline constexpr std::size_t kFrameSize = 64;
inline constexpr std::size_t kFrameDwords = kFrameSize / 4;
inline constexpr std::size_t kFrameCommandAt = 0;  // low, high
inline constexpr std::size_t kFrameFenceAt = 12;   // low, high
inline constexpr std::size_t kFrameFenceValueAt = 20;

}  // namespace redbolt::driver::psp
