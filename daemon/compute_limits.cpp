#include "compute_limits.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "daemon_error.hpp"

namespace redbolt::daemon {
namespace {

using namespace literals;

// Sources: LLVM's AMDGPU back end (GCNSubtarget, AMDGPUBaseInfo: 1536 VGPRs per SIMD in blocks of
// 24 for the gfx11 chips with the large register file, 1024 in blocks of 16 for the others, 16
// waves per SIMD); COMPUTE_TMPRING_SIZE.WAVESIZE has 15 bits of 256 bytes: 0x7fff * 256 / 32 lanes.
constexpr std::array limits_table{
    ComputeLimits{"gfx1100", 1024, 64_KiB, 256, 1536, 24, 16, Bytes(0x7fff * 256 / 32), 64_KiB},
    ComputeLimits{"gfx1101", 1024, 64_KiB, 256, 1536, 24, 16, Bytes(0x7fff * 256 / 32), 64_KiB},
    ComputeLimits{"gfx1102", 1024, 64_KiB, 256, 1024, 16, 16, Bytes(0x7fff * 256 / 32), 64_KiB},
};

constexpr unsigned wave_size = 32;
// COMPUTE_PGM_RSRC1.WGP_MODE: the workgroup may use all four SIMDs of a workgroup processor, not
// just the two of a compute unit.
constexpr std::uint32_t rsrc1_wgp_mode = 1u << 29;
constexpr const char* dimension_names[] = {"x", "y", "z"};

[[noreturn]] void refuse(std::string_view name, const std::string& problem) {
  throw invalid_argument("kernel \"" + std::string(name) + "\": " + problem);
}

std::string of_limit(std::uint64_t value, std::uint64_t limit, const std::string& unit) {
  return std::to_string(value) + " " + unit + ", and the card has " + std::to_string(limit);
}

std::uint64_t check_block(const ComputeLimits& limits, std::string_view name,
                          const std::array<std::uint32_t, 3>& block) {
  std::uint64_t threads = 1;
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (block[i] == 0)
      refuse(name, std::string("a block of 0 work-items in ") + dimension_names[i]);
    // Each factor is bounded first, so the product cannot wrap.
    threads *= std::min<std::uint64_t>(block[i], limits.threads_per_workgroup + 1);
  }
  if (threads > limits.threads_per_workgroup) {
    refuse(name,
           "a block of more than " + std::to_string(limits.threads_per_workgroup) + " work-items");
  }
  return threads;
}

void check_grid(std::string_view name, const std::array<std::uint32_t, 3>& grid,
                const std::array<std::uint32_t, 3>& block) {
  for (std::size_t i = 0; i < grid.size(); ++i) {
    if (grid[i] == 0) refuse(name, std::string("a grid of 0 workgroups in ") + dimension_names[i]);
    if (std::uint64_t{grid[i]} * block[i] > std::numeric_limits<std::uint32_t>::max()) {
      refuse(name, std::string("more than 2^32 - 1 work-items in ") + dimension_names[i]);
    }
  }
}

}  // namespace

const ComputeLimits* find_compute_limits(std::string_view gfx_target) {
  const auto row =
      std::find_if(limits_table.begin(), limits_table.end(),
                   [&](const ComputeLimits& limits) { return limits.gfx_target == gfx_target; });
  return row == limits_table.end() ? nullptr : &*row;
}

void check_kernel(const ComputeLimits& limits, std::string_view name,
                  const driver::KernelDescriptor& kernel) {
  if (kernel.vector_registers > limits.vgprs_per_wave) {
    refuse(name, "wants " + of_limit(kernel.vector_registers, limits.vgprs_per_wave,
                                     "vector registers per wave"));
  }
  if (kernel.lds > limits.lds_per_workgroup) {
    refuse(name, "wants " + of_limit(kernel.lds.count(), limits.lds_per_workgroup.count(),
                                     "bytes of LDS"));
  }
  if (kernel.scratch_per_lane > limits.scratch_per_lane) {
    refuse(name,
           "wants " + of_limit(kernel.scratch_per_lane.count(), limits.scratch_per_lane.count(),
                               "bytes of scratch per work-item"));
  }
  if (kernel.kernarg > limits.kernarg) {
    refuse(name, "wants " + std::to_string(kernel.kernarg.count()) +
                     " bytes of arguments; at most " + std::to_string(limits.kernarg.count()) +
                     " can be given");
  }
}

void check_launch(const ComputeLimits& limits, std::string_view name,
                  const driver::KernelDescriptor& kernel, const std::array<std::uint32_t, 3>& grid,
                  const std::array<std::uint32_t, 3>& block, Bytes dynamic_lds) {
  const std::uint64_t threads = check_block(limits, name, block);
  check_grid(name, grid, block);
  const std::uint64_t lds = kernel.lds.count() + dynamic_lds.count();  // both below 2^32
  if (lds > limits.lds_per_workgroup.count()) {
    refuse(name, "wants " + of_limit(lds, limits.lds_per_workgroup.count(), "bytes of LDS"));
  }
  const std::uint64_t waves = (threads + wave_size - 1) / wave_size;
  const unsigned simds = (kernel.rsrc1 & rsrc1_wgp_mode) != 0 ? 4 : 2;
  const unsigned registers = (std::max(kernel.vector_registers, 1u) + limits.vgpr_granule - 1) /
                             limits.vgpr_granule * limits.vgpr_granule;
  const unsigned room = simds * std::min(limits.waves_per_simd, limits.vgprs_per_simd / registers);
  if (waves > room) {
    refuse(name, "a block of " + std::to_string(threads) + " work-items with " +
                     std::to_string(kernel.vector_registers) +
                     " vector registers each needs room for " + std::to_string(waves) +
                     " waves, and there is room for " + std::to_string(room));
  }
}

}  // namespace redbolt::daemon
