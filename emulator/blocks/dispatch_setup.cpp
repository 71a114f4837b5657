#include "blocks/dispatch_setup.hpp"

#include "blocks/register_address.hpp"
#include "packets/queue_error.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace gc = registers::gc;

// Where a register is among the SH registers.
consteval std::uint32_t sh(const registers::Register& object) {
  return address_of(object) - pm4::sh_registers_first;
}

// Shader engines of Navi31; each has a mask of the compute units that may run a queue's waves.
constexpr std::uint32_t compute_unit_masks[] = {
    sh(gc::COMPUTE_STATIC_THREAD_MGMT_SE0), sh(gc::COMPUTE_STATIC_THREAD_MGMT_SE1),
    sh(gc::COMPUTE_STATIC_THREAD_MGMT_SE2), sh(gc::COMPUTE_STATIC_THREAD_MGMT_SE3),
    sh(gc::COMPUTE_STATIC_THREAD_MGMT_SE4), sh(gc::COMPUTE_STATIC_THREAD_MGMT_SE5)};

// Bits 47:8 of an address, in two registers.
std::uint64_t address(std::uint32_t low, std::uint32_t high) {
  return std::uint64_t{low} << 8 | std::uint64_t{high & 0xff} << 40;
}

constexpr RegisterAddress sh_mem_bases = address_of(gc::SH_MEM_BASES);

// SH_MEM_BASES holds bits 63:48 of both apertures.
std::uint64_t aperture(std::uint32_t bits) {
  return std::uint64_t{bits} << 48;
}

void require_compute_units(const ShRegisters& registers) {
  for (const std::uint32_t mask : compute_unit_masks) {
    if (registers[mask] != 0) return;
  }
  throw QueueError(
      QueueErrorKind::dispatch_refused,
      "no compute unit is enabled for the queue: COMPUTE_STATIC_THREAD_MGMT_SE* are all "
      "zero, and no wave can start");
}

}  // namespace

Dispatch set_up_dispatch(const ShRegisters& registers, std::array<std::uint32_t, 3> dimensions,
                         std::uint32_t initiator, unsigned vmid, const RegisterSpace& space) {
  const auto& r = registers;
  require_compute_units(r);
  Dispatch dispatch;
  dispatch.program = address(r[sh(gc::COMPUTE_PGM_LO)], r[sh(gc::COMPUTE_PGM_HI)]);
  dispatch.pgm_rsrc1 = r[sh(gc::COMPUTE_PGM_RSRC1)];
  dispatch.pgm_rsrc2 = r[sh(gc::COMPUTE_PGM_RSRC2)];
  dispatch.pgm_rsrc3 = r[sh(gc::COMPUTE_PGM_RSRC3)];
  dispatch.tmpring_size = r[sh(gc::COMPUTE_TMPRING_SIZE)];
  dispatch.scratch_base = address(r[sh(gc::COMPUTE_DISPATCH_SCRATCH_BASE_LO)],
                                  r[sh(gc::COMPUTE_DISPATCH_SCRATCH_BASE_HI)]);
  constexpr std::uint32_t user_data = sh(gc::COMPUTE_USER_DATA_0);
  for (std::uint32_t i = 0; i < dispatch.user_data.size(); ++i) {
    dispatch.user_data[i] = r[user_data + i];
  }
  dispatch.grid = dimensions;
  dispatch.start = {r[sh(gc::COMPUTE_START_X)], r[sh(gc::COMPUTE_START_Y)],
                    r[sh(gc::COMPUTE_START_Z)]};
  dispatch.threads = {r[sh(gc::COMPUTE_NUM_THREAD_X)], r[sh(gc::COMPUTE_NUM_THREAD_Y)],
                      r[sh(gc::COMPUTE_NUM_THREAD_Z)]};
  dispatch.initiator = initiator;
  dispatch.resource_limits = r[sh(gc::COMPUTE_RESOURCE_LIMITS)];
  const Selection selection{.vmid = static_cast<std::uint8_t>(vmid)};
  const std::uint32_t bases = space.peek(sh_mem_bases, selection);
  dispatch.private_aperture = aperture(gc::SH_MEM_BASES.private_base.of(bases));
  dispatch.shared_aperture = aperture(gc::SH_MEM_BASES.shared_base.of(bases));
  dispatch.vmid = vmid;
  return dispatch;
}

}  // namespace redbolt::emulator
