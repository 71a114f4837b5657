// The 64-byte kernel descriptor of code object v5 (LLVM's AMDGPU guide, "Kernel Descriptor"): what
// a kernel needs of the hardware. Read from untrusted bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "redbolt/base/quantity.hpp"

namespace redbolt::driver {

struct KernelDescriptor {
  static constexpr std::size_t kSize = 64;

  Bytes lds;                      // static LDS per workgroup
  Bytes scratch_per_lane;         // private segment per work-item
  Bytes kernarg;                  // size of the kernel argument segment
  std::int64_t entry_offset = 0;  // from the descriptor to the first instruction
  std::uint32_t rsrc1 = 0;        // COMPUTE_PGM_RSRC1..3 as the compiler wants them
  std::uint32_t rsrc2 = 0;
  std::uint32_t rsrc3 = 0;
  bool kernarg_pointer = false;   // user SGPRs hold the kernarg address
  unsigned kernarg_sgpr = 0;      // at this index (0..14, two SGPRs)
  unsigned user_sgprs = 0;        // how many user SGPRs the kernel expects, 0..16
  unsigned vector_registers = 0;  // per lane, as allocated

  // Throws DriverError: invalid_argument if reserved bits are set or fields contradict each other;
  // unsupported_kernel for what this driver does not offer: wave64, dispatch and queue pointers,
  // dispatch id, private segment buffer, dynamic stack, SGPR preloading.
  static KernelDescriptor parse(std::span<const std::byte, kSize> bytes);
};

}  // namespace redbolt::driver
