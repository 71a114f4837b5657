// Whether a workgroup can run on a chip at all. A dispatch that cannot would sit in the queue for
// ever, so it is refused before it is encoded.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "redbolt/base/quantity.hpp"
#include "redbolt/driver/kernel_descriptor.hpp"

namespace redbolt::daemon {

struct ComputeLimits {
  std::string_view gfx_target;
  unsigned threads_per_workgroup;
  Bytes lds_per_workgroup;
  unsigned vgprs_per_wave;  // that a wave can have, per lane
  unsigned vgprs_per_simd;  // of a SIMD, per lane of a wave32
  unsigned vgpr_granule;    // in which a SIMD gives them out
  unsigned waves_per_simd;
  Bytes scratch_per_lane;  // what COMPUTE_TMPRING_SIZE can express for a wave32
  Bytes kernarg;
};

// The limits of a chip by its LLVM name, "gfx1100"; nullptr for one that is not known.
const ComputeLimits* find_compute_limits(std::string_view gfx_target);

// Throws DaemonError (invalid_argument) naming the limit. `name` is the kernel's.
void check_kernel(const ComputeLimits& limits, std::string_view name,
                  const driver::KernelDescriptor& kernel);

// grid in workgroups, block in work-items. Throws likewise.
void check_launch(const ComputeLimits& limits, std::string_view name,
                  const driver::KernelDescriptor& kernel, const std::array<std::uint32_t, 3>& grid,
                  const std::array<std::uint32_t, 3>& block, Bytes dynamic_lds);

}  // namespace redbolt::daemon
