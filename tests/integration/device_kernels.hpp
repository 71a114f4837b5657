// Kernels for tests of the daemon on the emulated card, as gfx1100 machine code. The words are
// llvm-mc-19's (-arch=amdgcn -mcpu=gfx1100 -show-encoding); the descriptors follow LLVM's AMDGPU
// guide. User SGPRs: s[0:1] kernel arguments; s2 workgroup id x; v0 work-item id x.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "redbolt/client/connection.hpp"

namespace redbolt::test {

enum TestKernelIndex : std::uint32_t {
  store_kernel,     // arguments: address of words, u32 add; words[i] = add + i
  endless_kernel,   // never ends
  illegal_kernel,   // an encoding that means nothing
  peek_kernel,      // arguments: address of words, any address; words[lane] = what is there
  whereami_kernel,  // arguments: address of a 64-bit word, which becomes that address
};

struct TestCode {
  const char* name;
  std::vector<std::uint32_t> words;
};

inline std::vector<TestCode> test_code() {
  return {{"store",
           {
               0xf4080100, 0xf8000000,  // s_load_b128 s[4:7], s[0:1], 0x0
               0xbf89fc07,              // s_waitcnt lgkmcnt(0)
               0x7e020206,              // v_mov_b32_e32 v1, s6
               0xd6460002, 0x04010a02,  // v_lshl_add_u32 v2, s2, 5, v0
               0x4a020501,              // v_add_nc_u32_e32 v1, v1, v2
               0x30040482,              // v_lshlrev_b32_e32 v2, 2, v2
               0xdc6a0000, 0x00040102,  // global_store_b32 v2, v1, s[4:5]
               0xbfb00000,              // s_endpgm
           }},
          {"endless", {0xbfa0ffff, 0xbfb00000}},  // s_branch -1; s_endpgm
          {"illegal", {0xffffffff, 0xbfb00000}},
          {"peek",
           {
               0xf4080100, 0xf8000000,  // s_load_b128 s[4:7], s[0:1], 0x0
               0xbf89fc07,              // s_waitcnt lgkmcnt(0)
               0x30040082,              // v_lshlrev_b32_e32 v2, 2, v0
               0xdc520000, 0x01060002,  // global_load_b32 v1, v2, s[6:7]
               0xbf8903f7,              // s_waitcnt vmcnt(0)
               0xdc6a0000, 0x00040102,  // global_store_b32 v2, v1, s[4:5]
               0xbfb00000,              // s_endpgm
           }},
          {"whereami",
           {
               0xf4040100, 0xf8000000,  // s_load_b64 s[4:5], s[0:1], 0x0
               0xbf89fc07,              // s_waitcnt lgkmcnt(0)
               0x7e020204,              // v_mov_b32_e32 v1, s4
               0x7e040205,              // v_mov_b32_e32 v2, s5
               0x7e060280,              // v_mov_b32_e32 v3, 0
               0xdc6e0000, 0x00040103,  // global_store_b64 v3, v[1:2], s[4:5]
               0xbfb00000,              // s_endpgm
           }}};
}

// The descriptors at multiples of 64, the code at multiples of 256 from 1024 on.
inline client::Module load_test_kernels(client::Connection& connection) {
  std::vector<std::byte> image(4096);
  std::vector<client::KernelEntry> entries;
  const auto code = test_code();
  for (std::size_t i = 0; i < code.size(); ++i) {
    const std::size_t descriptor = 64 * i;
    const std::size_t entry = 1024 + 256 * i;
    const auto put = [&](std::size_t at, auto value) {
      std::memcpy(image.data() + descriptor + at, &value, sizeof value);
    };
    put(8, std::uint32_t{16});                               // kernarg size
    put(16, static_cast<std::int64_t>(entry - descriptor));  // entry
    put(48, std::uint32_t{0xc0u << 12 | 1u << 21 | 1u << 23 | 1u << 29 | 1u << 30});  // 8 VGPRs
    put(52, std::uint32_t{2u << 1 | 1u << 7});   // 2 user SGPRs, workgroup id x
    put(56, std::uint16_t{1u << 3 | 1u << 10});  // kernarg pointer, wave32
    std::memcpy(image.data() + entry, code[i].words.data(), code[i].words.size() * 4);
    entries.push_back({code[i].name, descriptor});
  }
  return connection.create_module({"test kernels", image, {}, entries});
}

inline client::Dispatch store_dispatch(const client::Module& module, client::BufferId buffer,
                                       Bytes offset, std::uint32_t add, std::uint32_t groups) {
  client::Dispatch dispatch;
  dispatch.module = module.id;
  dispatch.kernel = store_kernel;
  dispatch.grid = {groups, 1, 1};
  dispatch.kernarg.resize(12);
  std::memcpy(dispatch.kernarg.data() + 8, &add, 4);
  dispatch.pointers.push_back({0, buffer, offset, Bytes(groups * 32 * 4), client::Access::write});
  return dispatch;
}

// Of a kernel whose first argument is the start of a buffer; the second is the value as it is.
inline client::Dispatch raw_dispatch(const client::Module& module, TestKernelIndex kernel,
                                     client::BufferId buffer, std::uint64_t value = 0) {
  client::Dispatch dispatch;
  dispatch.module = module.id;
  dispatch.kernel = kernel;
  dispatch.kernarg.resize(16);
  std::memcpy(dispatch.kernarg.data() + 8, &value, 8);
  dispatch.pointers.push_back({0, buffer, Bytes(0), Bytes(128), client::Access::read_write});
  return dispatch;
}

inline client::Dispatch plain_dispatch(const client::Module& module, TestKernelIndex kernel) {
  client::Dispatch dispatch;
  dispatch.module = module.id;
  dispatch.kernel = kernel;
  return dispatch;
}

}  // namespace redbolt::test
