#include "dispatch_plan.hpp"

#include "redbolt/base/checked.hpp"
#include "wave.hpp"

namespace redbolt::emulator {
namespace {

constexpr std::uint32_t bits(std::uint32_t value, unsigned low, unsigned count) {
  return value >> low & ((1u << count) - 1);
}
constexpr bool bit(std::uint32_t value, unsigned position) {
  return bits(value, position, 1) != 0;
}

constexpr std::uint32_t most_threads = 1024;
constexpr std::uint32_t most_lds_bytes = 64 * 1024;
constexpr std::uint32_t lds_granularity = 512;      // bytes per unit of RSRC2.LDS_SIZE
constexpr std::uint32_t vgpr_granularity = 8;       // of RSRC1.VGPRS in wave32
constexpr std::uint32_t scratch_granularity = 256;  // bytes per unit of TMPRING_SIZE.WAVESIZE
constexpr unsigned user_data_registers = 16;

// COMPUTE_DISPATCH_INITIATOR
constexpr unsigned initiator_partial_groups = 1;
constexpr unsigned initiator_thread_dimensions = 5;
constexpr unsigned initiator_wave32 = 15;

std::string read_geometry(const Dispatch& dispatch, DispatchPlan& plan) {
  static constexpr char names[] = "XYZ";
  plan.workgroups = 1;
  std::uint32_t total = 1;
  for (std::size_t d = 0; d < 3; ++d) {
    const std::string dimension(1, names[d]);
    const std::uint32_t full = bits(dispatch.threads[d], 0, 16);
    const std::uint32_t partial = dispatch.threads[d] >> 16;
    if (full == 0) return "COMPUTE_NUM_THREAD_" + dimension + " is 0";
    if (full > most_threads || total * full > most_threads) {
      return "a workgroup has more than 1024 threads";
    }
    total *= full;
    plan.threads[d] = plan.partial_threads[d] = full;
    plan.start[d] = dispatch.start[d];
    plan.end[d] = dispatch.grid[d];
    if (bit(dispatch.initiator, initiator_thread_dimensions)) {
      plan.end[d] = dispatch.grid[d] / full + (dispatch.grid[d] % full != 0 ? 1 : 0);
      if (dispatch.grid[d] % full != 0) plan.partial_threads[d] = dispatch.grid[d] % full;
    } else if (bit(dispatch.initiator, initiator_partial_groups) && partial != 0) {
      if (partial > full) return "the partial workgroup is larger than a full one in " + dimension;
      plan.partial_threads[d] = partial;
    }
    if (plan.end[d] <= plan.start[d]) return "the grid is empty in " + dimension;
    const auto product =
        checked_multiply<std::uint64_t>(plan.workgroups, plan.end[d] - plan.start[d]);
    if (!product) return "the grid has more workgroups than can be counted";
    plan.workgroups = *product;
  }
  plan.waves_per_workgroup = (total + lane_count - 1) / lane_count;
  return {};
}

std::string read_registers(const Dispatch& dispatch, DispatchPlan& plan) {
  plan.vgprs = (bits(dispatch.pgm_rsrc1, 0, 6) + 1) * vgpr_granularity;
  if (plan.vgprs > 256) return "COMPUTE_PGM_RSRC1 asks for more than 256 VGPRs";
  plan.mode = bits(dispatch.pgm_rsrc1, 12, 8);
  if (bit(dispatch.pgm_rsrc1, 21)) plan.mode |= mode::dx10_clamp;
  if (bit(dispatch.pgm_rsrc1, 23)) plan.mode |= mode::ieee;
  if (bit(dispatch.pgm_rsrc1, 26)) plan.mode |= mode::fp16_overflow;
  plan.user_sgprs = bits(dispatch.pgm_rsrc2, 1, 5);
  if (plan.user_sgprs > user_data_registers) {
    return "COMPUTE_PGM_RSRC2 asks for more than 16 user SGPRs";
  }
  for (unsigned d = 0; d < 3; ++d) plan.workgroup_id_sgpr[d] = bit(dispatch.pgm_rsrc2, 7 + d);
  plan.workgroup_info_sgpr = bit(dispatch.pgm_rsrc2, 10);
  plan.workitem_id_dimensions = bits(dispatch.pgm_rsrc2, 11, 2) + 1;
  if (plan.workitem_id_dimensions > 3) return "COMPUTE_PGM_RSRC2.TIDIG_COMP_CNT is 3";
  plan.lds_bytes = bits(dispatch.pgm_rsrc2, 15, 9) * lds_granularity;
  if (plan.lds_bytes > most_lds_bytes) return "COMPUTE_PGM_RSRC2 asks for more than 64 KiB of LDS";
  return {};
}

std::string read_scratch(const Dispatch& dispatch, DispatchPlan& plan) {
  if (!bit(dispatch.pgm_rsrc2, 0)) return {};
  const std::uint32_t wave_bytes = bits(dispatch.tmpring_size, 12, 15) * scratch_granularity;
  const std::uint32_t waves = bits(dispatch.tmpring_size, 0, 12) * dispatch.shader_engines;
  plan.scratch_bytes_per_lane = wave_bytes / lane_count;
  plan.scratch_workgroups = waves / plan.waves_per_workgroup;
  if (wave_bytes == 0) return "the program uses scratch but COMPUTE_TMPRING_SIZE.WAVESIZE is 0";
  if (plan.scratch_workgroups == 0) {
    return "COMPUTE_TMPRING_SIZE.WAVES gives scratch to fewer waves than one workgroup has";
  }
  return {};
}

}  // namespace

std::array<std::uint32_t, 3> DispatchPlan::threads_of(
    const std::array<std::uint32_t, 3>& id) const {
  std::array<std::uint32_t, 3> result{};
  for (std::size_t d = 0; d < 3; ++d)
    result[d] = id[d] + 1 == end[d] ? partial_threads[d] : threads[d];
  return result;
}

std::array<std::uint32_t, 3> DispatchPlan::workgroup_id(std::uint64_t index) const {
  const std::uint64_t width = end[0] - start[0];
  const std::uint64_t height = end[1] - start[1];
  return {static_cast<std::uint32_t>(start[0] + index % width),
          static_cast<std::uint32_t>(start[1] + index / width % height),
          static_cast<std::uint32_t>(start[2] + index / width / height)};
}

std::string make_plan(const Dispatch& dispatch, DispatchPlan& plan) {
  if (!bit(dispatch.initiator, initiator_wave32)) {
    return "waves of 64 lanes (COMPUTE_DISPATCH_INITIATOR.CS_W32_EN is 0) are not implemented";
  }
  if (dispatch.program % 256 != 0) return "the program does not start at a multiple of 256 bytes";
  if (std::string problem = read_geometry(dispatch, plan); !problem.empty()) return problem;
  if (std::string problem = read_registers(dispatch, plan); !problem.empty()) return problem;
  return read_scratch(dispatch, plan);
}

}  // namespace redbolt::emulator
