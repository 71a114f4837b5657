// The kernel that the queue test runs, as gfx1100 machine code (llvm-mc -mcpu=gfx1100):
//   words[i] = add + i, for each work-item i of all workgroups of 32.
// Arguments: the address of the words (u64), add (u32).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace redbolt::probe {

inline constexpr std::uint32_t test_kernel_code[] = {
    0xf4080100, 0xf8000000,  // s_load_b128 s[4:7], s[0:1], 0x0
    0xbf89fc07,              // s_waitcnt lgkmcnt(0)
    0x7e020206,              // v_mov_b32_e32 v1, s6
    0xd6460002, 0x04010a02,  // v_lshl_add_u32 v2, s2, 5, v0
    0x4a020501,              // v_add_nc_u32_e32 v1, v1, v2
    0x30040482,              // v_lshlrev_b32_e32 v2, 2, v2
    0xdc6a0000, 0x00040102,  // global_store_b32 v2, v1, s[4:5]
    0xbfb00000,              // s_endpgm
};

inline constexpr std::size_t test_kernel_entry = 256;     // of the code, in the image
inline constexpr std::size_t test_kernel_arguments = 16;  // bytes

// Descriptor (LLVM's AMDGPU guide, "Kernel Descriptor") at 0, code at test_kernel_entry.
std::vector<std::byte> test_kernel_image();

}  // namespace redbolt::probe
