// Module images for tests, laid out by hand from LLVM's AMDGPU guide ("Kernel Descriptor", GFX11).
#pragma once

#include <redbolt/protocol/work.pb.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace redbolt::daemon {

struct TestKernel {
  std::uint32_t lds = 0;
  std::uint32_t scratch = 0;
  std::uint32_t kernarg = 64;
  std::int64_t entry = 256;  // from the descriptor
  std::uint32_t vgprs = 24;  // in blocks of 8
  bool wave32 = true;
  bool wgp_mode = true;
  std::uint32_t extra_rsrc1 = 0;  // bits to add
};

// 4 KiB: the descriptor at `at`, code (s_endpgm) from there on at its entry.
inline std::vector<std::byte> make_image(const TestKernel& kernel, std::size_t at = 0,
                                         std::size_t size = 4096) {
  std::vector<std::byte> image(size);
  const auto put = [&](std::size_t offset, auto value) {
    std::memcpy(image.data() + at + offset, &value, sizeof value);
  };
  put(0, kernel.lds);
  put(4, kernel.scratch);
  put(8, kernel.kernarg);
  put(16, kernel.entry);
  const std::uint32_t rsrc1 = (kernel.vgprs / 8 - 1) | 0xc0u << 12 | 1u << 21 | 1u << 23 |
                              (kernel.wgp_mode ? 1u << 29 : 0u) | 1u << 30 | kernel.extra_rsrc1;
  put(48, rsrc1);
  const std::uint32_t rsrc2 = (kernel.scratch != 0 ? 1u : 0u) | 2u << 1 | 1u << 7;
  put(52, rsrc2);
  const std::uint16_t properties =
      static_cast<std::uint16_t>(1u << 3 | (kernel.wave32 ? 1u << 10 : 0u));
  put(56, properties);
  const auto entry = static_cast<std::int64_t>(at) + kernel.entry;
  if (entry >= 0 && static_cast<std::size_t>(entry) + 4 <= size) {
    const std::uint32_t s_endpgm = 0xbfb00000;
    std::memcpy(image.data() + entry, &s_endpgm, sizeof s_endpgm);
  }
  return image;
}

inline protocol::CreateModuleRequest module_request(const std::vector<std::byte>& image,
                                                    std::uint64_t at = 0) {
  protocol::CreateModuleRequest request;
  request.set_name("m");
  request.set_inline_image(image.data(), image.size());
  auto& entry = *request.add_kernels();
  entry.set_name("k");
  entry.set_descriptor_offset(at);
  return request;
}

}  // namespace redbolt::daemon
