#include "graphics_core.hpp"

#include "redbolt/registers/gc_11_0_0.hpp"
#include "redbolt/registers/hdp_6_0_0.hpp"
#include "redbolt/registers/mmhub_3_0_0.hpp"

namespace redbolt::driver {
namespace {

namespace gc = registers::gc;
namespace hdp = registers::hdp;
namespace mmhub = registers::mmhub;

constexpr unsigned kVmids = 16;

// Top 16 bits of the addresses where LDS and scratch appear to flat instructions.
constexpr std::uint32_t kSharedAperture = 1;
constexpr std::uint32_t kPrivateAperture = 2;

}  // namespace

GraphicsSelection::GraphicsSelection(RegisterFile& registers, Target target)
    : registers_(registers) {
  const auto& select = gc::GRBM_GFX_CNTL;
  registers_.write(select, select.meid(target.micro_engine) | select.pipeid(target.pipe) |
                               select.queueid(target.queue) | select.vmid(target.vmid));
}

GraphicsSelection::~GraphicsSelection() {
  try {
    registers_.write(gc::GRBM_GFX_CNTL, 0);
  } catch (...) {
    // The link broke: whoever uses it next finds out.
  }
}

void GraphicsCore::wait_for_autoload() {
  registers_.wait(gc::CP_STAT, 0xffffffff, 0);
  const auto& complete = gc::RLC_RLCS_BOOTLOAD_STATUS.bootload_complete;
  registers_.wait(gc::RLC_RLCS_BOOTLOAD_STATUS, complete.mask(), complete(1).bits);
}

void GraphicsCore::reset_compute_engine(std::uint64_t start) {
  {
    const GraphicsSelection selection(registers_, {.micro_engine = kComputeMicroEngine});
    const std::uint64_t words = start >> 2;  // the program counter counts dwords
    registers_.write(gc::CP_MEC_RS64_PRGRM_CNTR_START, static_cast<std::uint32_t>(words));
    registers_.write(gc::CP_MEC_RS64_PRGRM_CNTR_START_HI, static_cast<std::uint32_t>(words >> 32));
  }
  registers_.update(gc::CP_MEC_RS64_CNTL, gc::CP_MEC_RS64_CNTL.mec_pipe0_reset(1));
  registers_.update(gc::CP_MEC_RS64_CNTL, gc::CP_MEC_RS64_CNTL.mec_pipe0_reset(0));
}

void GraphicsCore::configure(std::uint32_t doorbell_range_upper) {
  constexpr std::uint32_t kTcpBit29 = 1u << 29;  // no name in the tables; set by the reference boot
  registers_.write(gc::TCP_CNTL, registers_.read(gc::TCP_CNTL) | kTcpBit29);
  registers_.write(gc::RLC_CNTL, gc::RLC_CNTL.rlc_enable_f32(1));
  registers_.update(gc::RLC_SRM_CNTL,
                    gc::RLC_SRM_CNTL.srm_enable(1) | gc::RLC_SRM_CNTL.auto_incr_addr(1));
  registers_.write(gc::RLC_SPM_MC_CNTL, gc::RLC_SPM_MC_CNTL.rlc_spm_vmid(0xf));
  registers_.update(gc::GRBM_CNTL, gc::GRBM_CNTL.read_timeout(0xff));
  configure_apertures();
  registers_.write(gc::CP_MEC_DOORBELL_RANGE_LOWER, 0);
  registers_.write(gc::CP_MEC_DOORBELL_RANGE_UPPER, doorbell_range_upper);
  registers_.update(gc::CP_MEC_RS64_CNTL, gc::CP_MEC_RS64_CNTL.mec_pipe0_reset(0) |
                                              gc::CP_MEC_RS64_CNTL.mec_pipe0_active(1) |
                                              gc::CP_MEC_RS64_CNTL.mec_halt(0));
}

void GraphicsCore::configure_apertures() {
  constexpr std::uint32_t kUnaligned = 3;     // alignment mode: unaligned accesses are allowed
  constexpr std::uint32_t kMostPrefetch = 3;  // cache lines
  for (unsigned vmid = 0; vmid < kVmids; ++vmid) {
    const GraphicsSelection selection(registers_, {.vmid = vmid});
    registers_.write(gc::SH_MEM_CONFIG, gc::SH_MEM_CONFIG.alignment_mode(kUnaligned) |
                                            gc::SH_MEM_CONFIG.initial_inst_prefetch(kMostPrefetch));
    registers_.write(gc::SH_MEM_BASES, gc::SH_MEM_BASES.private_base(kPrivateAperture) |
                                           gc::SH_MEM_BASES.shared_base(kSharedAperture));
  }
}

void GraphicsCore::enable_clock_gating() {
  registers_.update(hdp::HDP_MEM_POWER_CTRL, hdp::HDP_MEM_POWER_CTRL.atomic_mem_power_ctrl_en(1) |
                                                 hdp::HDP_MEM_POWER_CTRL.atomic_mem_power_ds_en(1));
  registers_.write(mmhub::MM_ATC_L2_MISC_CG,
                   mmhub::MM_ATC_L2_MISC_CG.enable(1) | mmhub::MM_ATC_L2_MISC_CG.mem_ls_enable(1));

  // The RLC must not change clocks while its settings change: safe mode around them.
  const auto& safe_mode = gc::RLC_SAFE_MODE;
  registers_.write(safe_mode, safe_mode.cmd(1) | safe_mode.message(1));
  registers_.wait(safe_mode, safe_mode.cmd.mask(), 0);

  const auto& cgcg = gc::RLC_CGCG_CGLS_CTRL;
  registers_.update(cgcg, cgcg.cgcg_en(1) | cgcg.cgls_en(1) | cgcg.cgls_rep_compansat_delay(0xf) |
                              cgcg.cgcg_gfx_idle_threshold(0x36));
  registers_.update(gc::CP_RB_WPTR_POLL_CNTL, gc::CP_RB_WPTR_POLL_CNTL.poll_frequency(0x100) |
                                                  gc::CP_RB_WPTR_POLL_CNTL.idle_poll_count(0x90));
  registers_.update(gc::CP_INT_CNTL, gc::CP_INT_CNTL.cmp_busy_int_enable(1) |
                                         gc::CP_INT_CNTL.cntx_busy_int_enable(1) |
                                         gc::CP_INT_CNTL.cntx_empty_int_enable(1));
  registers_.update(gc::SDMA0_RLC_CGCG_CTRL, gc::SDMA0_RLC_CGCG_CTRL.cgcg_int_enable(1));
  registers_.update(gc::SDMA1_RLC_CGCG_CTRL, gc::SDMA1_RLC_CGCG_CTRL.cgcg_int_enable(1));

  // Overrides off, save that the performance monitor's clock keeps running.
  const auto& override = gc::RLC_CGTT_MGCG_OVERRIDE;
  registers_.update(override,
                    override.gfxip_mgcg_override(0) | override.gfxip_cgcg_override(0) |
                        override.gfxip_cgls_override(0) | override.gfxip_mgls_override(0) |
                        override.grbm_cgtt_sclk_override(0) | override.rlc_cgtt_sclk_override(0) |
                        override.gfxip_fgcg_override(0) | override.gfxip_repeater_fgcg_override(0) |
                        override.perfmon_clock_state(1));
  registers_.write(safe_mode, safe_mode.cmd(1));
}

void GraphicsCore::remove_queue(unsigned queue) {
  constexpr std::uint32_t kDiscardWork = 2;  // reset the queue rather than let it finish
  const GraphicsSelection selection(registers_,
                                    {.micro_engine = kComputeMicroEngine, .queue = queue});
  const auto& active = gc::CP_HQD_ACTIVE;
  if (active.active.of(registers_.read(active)) == 0) return;
  registers_.write(gc::CP_HQD_DEQUEUE_REQUEST,
                   gc::CP_HQD_DEQUEUE_REQUEST.dequeue_req(kDiscardWork));
  registers_.write(gc::SPI_COMPUTE_QUEUE_RESET, gc::SPI_COMPUTE_QUEUE_RESET.reset(1));
  registers_.wait(active, active.active.mask(), 0);
}

void GraphicsCore::halt_compute_engine() {
  registers_.update(gc::CP_MEC_RS64_CNTL, gc::CP_MEC_RS64_CNTL.mec_halt(1) |
                                              gc::CP_MEC_RS64_CNTL.mec_invalidate_icache(1) |
                                              gc::CP_MEC_RS64_CNTL.mec_pipe0_active(0) |
                                              gc::CP_MEC_RS64_CNTL.mec_pipe0_reset(1));
  {
    // Waves that nobody waits for any more.
    const GraphicsSelection selection(registers_, {.micro_engine = kComputeMicroEngine});
    registers_.write(gc::SPI_COMPUTE_QUEUE_RESET, gc::SPI_COMPUTE_QUEUE_RESET.reset(1));
    registers_.write(gc::CP_HQD_ACTIVE, 0);
  }
  reset_command_processor();
}

void GraphicsCore::reset_command_processor() {
  registers_.write(gc::GRBM_SOFT_RESET,
                   gc::GRBM_SOFT_RESET.soft_reset_cp(1) | gc::GRBM_SOFT_RESET.soft_reset_cpc(1));
  registers_.write(gc::GRBM_SOFT_RESET, 0);
}

}  // namespace redbolt::driver
