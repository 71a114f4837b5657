#include "redbolt/driver/command_encoder.hpp"

#include <algorithm>
#include <string>

#include "queues/pm4.hpp"
#include "redbolt/driver/driver_error.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::driver {
namespace {

namespace gc = registers::gc;

// Compute registers are programmed by packets with absolute dword addresses. The packet processor
// counts the graphics core's registers from where base 0 of every gfx11 chip lies, whatever the
// host's bases are.
constexpr std::uint32_t kGraphicsBase = 0x1260;
constexpr std::uint32_t at(const registers::Register& reg) {
  return kGraphicsBase + reg.definition.offset;
}

constexpr std::uint64_t kLdsGranule = 512;      // COMPUTE_PGM_RSRC2.LDS_SIZE counts 128 dwords
constexpr std::uint64_t kScratchGranule = 256;  // COMPUTE_TMPRING_SIZE.WAVESIZE
constexpr std::uint64_t kLanesPerWave = 32;
constexpr std::uint64_t kWavesPerComputeUnit = 32;

[[noreturn]] void refuse(DriverErrorCode code, const std::string& problem) {
  throw DriverError(code, "encode dispatch", "", problem);
}

std::uint64_t threads_of(const KernelLaunch& launch) {
  std::uint64_t threads = 1;
  for (const std::uint32_t size : launch.block) threads *= std::min<std::uint64_t>(size, 1u << 16);
  return threads;
}

void check_geometry(const KernelLaunch& launch, const DispatchLimits& limits) {
  const auto is_zero = [](std::uint32_t size) { return size == 0; };
  if (std::ranges::any_of(launch.grid, is_zero) || std::ranges::any_of(launch.block, is_zero)) {
    refuse(DriverErrorCode::invalid_argument, "a dispatch has an empty grid or workgroup");
  }
  if (threads_of(launch) > limits.threads_per_workgroup) {
    refuse(DriverErrorCode::invalid_argument, "a workgroup has " +
                                                  std::to_string(threads_of(launch)) +
                                                  " work-items; the card runs at most " +
                                                  std::to_string(limits.threads_per_workgroup));
  }
}

void check_addresses(const KernelLaunch& launch) {
  if (launch.entry.value() == 0 || launch.entry.value() % 256 != 0) {
    refuse(DriverErrorCode::invalid_argument, "a kernel's entry is not a multiple of 256");
  }
  if (launch.kernel.kernarg_pointer && launch.kernel.kernarg.count() != 0 &&
      (launch.kernarg.value() == 0 || launch.kernarg.value() % 16 != 0)) {
    refuse(DriverErrorCode::invalid_argument, "a kernel's arguments are not at a multiple of 16");
  }
}

std::uint32_t rsrc2_with_lds(const KernelLaunch& launch, const DispatchLimits& limits) {
  // Each part is below 2^32 and checked on its own, so the sum cannot wrap.
  const std::uint64_t limit = limits.lds_per_workgroup.count();
  const std::uint64_t lds = std::min(launch.kernel.lds.count(), limit + 1) +
                            std::min(launch.dynamic_lds.count(), limit + 1);
  if (lds > limit) {
    refuse(DriverErrorCode::invalid_argument,
           "a dispatch wants " +
               std::to_string(launch.kernel.lds.count() + launch.dynamic_lds.count()) +
               " bytes of LDS; a workgroup has " + std::to_string(limit));
  }
  const auto granules = static_cast<std::uint32_t>((lds + kLdsGranule - 1) / kLdsGranule);
  return gc::COMPUTE_PGM_RSRC2.lds_size(granules).applied_to(launch.kernel.rsrc2);
}

// How much scratch each wave gets, and how many waves of a shader engine may run at once with it.
std::uint32_t scratch_ring(const KernelLaunch& launch, const DispatchLimits& limits) {
  const std::uint64_t per_lane = launch.kernel.scratch_per_lane.count();
  if (per_lane == 0) return 0;
  const std::uint64_t per_wave =
      (per_lane * kLanesPerWave + kScratchGranule - 1) / kScratchGranule * kScratchGranule;
  const std::uint64_t wave_size = per_wave / kScratchGranule;
  const std::uint64_t fitting = limits.scratch_size.count() / limits.shader_engines / per_wave;
  const std::uint64_t resident =
      std::uint64_t{limits.compute_units} * kWavesPerComputeUnit / limits.shader_engines;
  const auto& ring = gc::COMPUTE_TMPRING_SIZE;
  const std::uint64_t waves = std::min({fitting, resident, std::uint64_t{ring.waves.of(~0u)}});
  const std::uint64_t waves_per_workgroup =
      (threads_of(launch) + kLanesPerWave - 1) / kLanesPerWave;
  if (waves < waves_per_workgroup || wave_size > ring.wavesize.of(~0u)) {
    refuse(DriverErrorCode::unsupported_kernel,
           "a kernel wants " + std::to_string(per_lane) +
               " bytes of scratch per work-item, more than the driver keeps");
  }
  return (ring.waves(static_cast<std::uint32_t>(waves)) |
          ring.wavesize(static_cast<std::uint32_t>(wave_size)))
      .bits;
}

constexpr std::uint32_t low32(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}
constexpr std::uint32_t high32(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

}  // namespace

void CommandEncoder::dispatch(const KernelLaunch& launch) {
  check_geometry(launch, limits_);
  check_addresses(launch);
  const std::uint32_t rsrc2 = rsrc2_with_lds(launch, limits_);
  const std::uint32_t ring = scratch_ring(launch, limits_);
  // As the reference driver does on gfx11: waves run privileged, for there is no trap handler that
  // could raise them.
  const std::uint32_t rsrc1 = gc::COMPUTE_PGM_RSRC1.priv(1).applied_to(launch.kernel.rsrc1);
  const std::uint64_t entry = launch.entry.value() >> 8;
  const std::uint64_t scratch = limits_.scratch.value() >> 8;
  const auto& block = launch.block;

  pm4::set_sh_registers(words_, at(gc::COMPUTE_PGM_LO), {low32(entry), high32(entry)});
  pm4::set_sh_registers(words_, at(gc::COMPUTE_PGM_RSRC1), {rsrc1, rsrc2});
  pm4::set_sh_registers(words_, at(gc::COMPUTE_PGM_RSRC3), {launch.kernel.rsrc3});
  pm4::set_sh_registers(words_, at(gc::COMPUTE_TMPRING_SIZE), {ring});
  pm4::set_sh_registers(words_, at(gc::COMPUTE_DISPATCH_SCRATCH_BASE_LO),
                        {low32(scratch), high32(scratch)});
  pm4::set_sh_registers(words_, at(gc::COMPUTE_RESTART_X), {0, 0, 0});
  if (launch.kernel.kernarg_pointer) {
    pm4::set_sh_registers(words_, at(gc::COMPUTE_USER_DATA_0) + launch.kernel.kernarg_sgpr,
                          {low32(launch.kernarg.value()), high32(launch.kernarg.value())});
  }
  pm4::set_sh_registers(words_, at(gc::COMPUTE_RESOURCE_LIMITS), {0});
  // START_X .. PERFCOUNT_ENABLE are neighbours.
  pm4::set_sh_registers(words_, at(gc::COMPUTE_START_X),
                        {0, 0, 0, block[0], block[1], block[2], 0, 0});
  const auto& initiator = gc::COMPUTE_DISPATCH_INITIATOR;
  pm4::dispatch(
      words_, launch.grid,
      (initiator.compute_shader_en(1) | initiator.force_start_at_000(1) | initiator.cs_w32_en(1))
          .bits);
}

void CommandEncoder::barrier() {
  pm4::wait_for_waves(words_);
  pm4::acquire_memory(words_, pm4::gcr::kBetweenDispatches);
}

void CommandEncoder::mark(GpuAddress destination, std::uint32_t value) {
  pm4::write_data(words_, destination, value, false);
}

void CommandEncoder::write(GpuAddress destination, std::uint32_t value) {
  pm4::write_data(words_, destination, value);
}

}  // namespace redbolt::driver
