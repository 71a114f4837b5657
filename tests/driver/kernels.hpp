// Small gfx1100 kernels as machine code, with their kernel descriptors: assembled by LLVM 19's
// llvm-mc from the text in the comments (.amdhsa_user_sgpr_count 15, kernarg pointer in s[0:1],
// workgroup id x in s15).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "redbolt/driver/kernel_descriptor.hpp"

namespace redbolt::driver::test {

// out[group * 32 + lane] = (group * 32 + lane) * 3 + addend; kernarg: u64 out, u32 addend.
inline constexpr std::uint32_t kStoreKernel[] = {
    0xf4040100, 0xf8000000,  // s_load_b64 s[4:5], s[0:1], null
    0xf4000180, 0xf8000008,  // s_load_b32 s6, s[0:1], 0x8
    0xbf89fc07,              // s_waitcnt lgkmcnt(0)
    0x8407850f,              // s_lshl_b32 s7, s15, 5
    0x4a020007,              // v_add_nc_u32_e32 v1, s7, v0
    0x30040282,              // v_lshlrev_b32_e32 v2, 2, v1
    0xd60b0003, 0x00190701,  // v_mad_u32_u24 v3, v1, 3, s6
    0xdc6a0000, 0x00040302,  // global_store_b32 v2, v3, s[4:5]
    0xbf800000,              // s_nop 0
    0xbfb60003,              // s_sendmsg sendmsg(MSG_DEALLOC_VGPRS)
    0xbfb00000,              // s_endpgm
};

// data[lane] += 1; kernarg: u64 data.
inline constexpr std::uint32_t kIncrementKernel[] = {
    0xf4040100, 0xf8000000,  // s_load_b64 s[4:5], s[0:1], null
    0xbf89fc07,              // s_waitcnt lgkmcnt(0)
    0x30040082,              // v_lshlrev_b32_e32 v2, 2, v0
    0xdc520000, 0x03040002,  // global_load_b32 v3, v2, s[4:5]
    0xbf8903f7,              // s_waitcnt vmcnt(0)
    0x4a060681,              // v_add_nc_u32_e32 v3, 1, v3
    0xdc6a0000, 0x00040302,  // global_store_b32 v2, v3, s[4:5]
    0xbfb00000,              // s_endpgm
};

// out[lane] = lane + 7, by way of scratch; kernarg: u64 out.
inline constexpr std::uint32_t kScratchKernel[] = {
    0xf4040100, 0xf8000000,  // s_load_b64 s[4:5], s[0:1], null
    0x30040082,              // v_lshlrev_b32_e32 v2, 2, v0
    0x4a060087,              // v_add_nc_u32_e32 v3, 7, v0
    0xdc690010, 0x007c0300,  // scratch_store_b32 off, v3, off offset:16
    0x7e060280,              // v_mov_b32_e32 v3, 0
    0xbc7c0000,              // s_waitcnt_vscnt null, 0x0
    0xdc510010, 0x037c0000,  // scratch_load_b32 v3, off, off offset:16
    0xbf890007,              // s_waitcnt vmcnt(0) lgkmcnt(0)
    0xdc6a0000, 0x00040302,  // global_store_b32 v2, v3, s[4:5]
    0xbfb00000,              // s_endpgm
};

// out[lane] = 31 - lane, by way of LDS bytes 1024 to 1151; kernarg: u64 out.
inline constexpr std::uint32_t kLdsKernel[] = {
    0xf4040100, 0xf8000000,  // s_load_b64 s[4:5], s[0:1], null
    0x30040082,              // v_lshlrev_b32_e32 v2, 2, v0
    0x4c0804ff, 0x0000007c,  // v_sub_nc_u32_e32 v4, 0x7c, v2
    0xd8340400, 0x00000004,  // ds_store_b32 v4, v0 offset:1024
    0xbf89fc07,              // s_waitcnt lgkmcnt(0)
    0xbfbd0000,              // s_barrier
    0xd8d80400, 0x03000002,  // ds_load_b32 v3, v2 offset:1024
    0xbf89fc07,              // s_waitcnt lgkmcnt(0)
    0xdc6a0000, 0x00040302,  // global_store_b32 v2, v3, s[4:5]
    0xbfb00000,              // s_endpgm
};

// out[lane] = in[lane]; kernarg: u64 out, u64 in.
inline constexpr std::uint32_t kCopyKernel[] = {
    0xf4080100, 0xf8000000,  // s_load_b128 s[4:7], s[0:1], null
    0xbf89fc07,              // s_waitcnt lgkmcnt(0)
    0x30040082,              // v_lshlrev_b32_e32 v2, 2, v0
    0xdc520000, 0x03060002,  // global_load_b32 v3, v2, s[6:7]
    0xbf8903f7,              // s_waitcnt vmcnt(0)
    0xdc6a0000, 0x00040302,  // global_store_b32 v2, v3, s[4:5]
    0xbfb00000,              // s_endpgm
};

// Never ends.
inline constexpr std::uint32_t kEndlessKernel[] = {0xbfa0ffff, 0xbfb00000};  // s_branch -1

// An opcode that gfx1100 does not have, then the end.
inline constexpr std::uint32_t kIllegalKernel[] = {0xbfff0000, 0xbfb00000};

using DescriptorBytes = std::array<std::byte, KernelDescriptor::kSize>;

// The descriptor llvm-mc writes for the kernels above; what differs is given.
inline DescriptorBytes descriptor_bytes(std::uint32_t lds = 0, std::uint32_t scratch = 0) {
  std::array<std::uint32_t, 16> words{};
  words[0] = lds;
  words[1] = scratch;
  words[2] = 16;  // kernarg size
  words[12] = 0x60ac0000;
  words[13] = scratch != 0 ? 0x9f : 0x9e;
  words[14] = 0x408;
  DescriptorBytes bytes;
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return bytes;
}

}  // namespace redbolt::driver::test
