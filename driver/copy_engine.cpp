#include "copy_engine.hpp"

#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::driver {
namespace {

namespace gc = registers::gc;

constexpr std::uint32_t low32(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}
constexpr std::uint32_t high32(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

}  // namespace

void CopyEngine::start() {
  registers_.update(gc::SDMA0_WATCHDOG_CNTL, gc::SDMA0_WATCHDOG_CNTL.queue_hang_count(100));
  registers_.update(gc::SDMA0_UTCL1_CNTL,
                    gc::SDMA0_UTCL1_CNTL.resp_mode(3) | gc::SDMA0_UTCL1_CNTL.redo_delay(9));
  // Reads stream through L2, writes bypass it; neither takes space in the last level cache.
  registers_.update(gc::SDMA0_UTCL1_PAGE, gc::SDMA0_UTCL1_PAGE.rd_l2_policy(2) |
                                              gc::SDMA0_UTCL1_PAGE.wr_l2_policy(3) |
                                              gc::SDMA0_UTCL1_PAGE.llc_noalloc(1));
  registers_.update(gc::SDMA0_F32_CNTL, gc::SDMA0_F32_CNTL.halt(0) |
                                            gc::SDMA0_F32_CNTL.th0_reset(0) |
                                            gc::SDMA0_F32_CNTL.th1_reset(0));
  registers_.update(gc::SDMA0_CNTL, gc::SDMA0_CNTL.trap_enable(1));
}

void CopyEngine::connect(const Ring& ring) {
  registers_.write(gc::SDMA0_QUEUE0_MINOR_PTR_UPDATE, gc::SDMA0_QUEUE0_MINOR_PTR_UPDATE.enable(1));
  registers_.write(gc::SDMA0_QUEUE0_RB_RPTR, 0);
  registers_.write(gc::SDMA0_QUEUE0_RB_RPTR_HI, 0);
  registers_.write(gc::SDMA0_QUEUE0_RB_WPTR, 0);
  registers_.write(gc::SDMA0_QUEUE0_RB_WPTR_HI, 0);
  registers_.write(gc::SDMA0_QUEUE0_RB_BASE, low32(ring.base.value() >> 8));
  registers_.write(gc::SDMA0_QUEUE0_RB_BASE_HI, high32(ring.base.value() >> 8));
  registers_.write(gc::SDMA0_QUEUE0_RB_RPTR_ADDR_LO, low32(ring.read_pointer.value()));
  registers_.write(gc::SDMA0_QUEUE0_RB_RPTR_ADDR_HI, high32(ring.read_pointer.value()));
  registers_.write(gc::SDMA0_QUEUE0_RB_WPTR_POLL_ADDR_LO, low32(ring.write_pointer.value()));
  registers_.write(gc::SDMA0_QUEUE0_RB_WPTR_POLL_ADDR_HI, high32(ring.write_pointer.value()));
  constexpr std::uint32_t kDoorbellDwords = 2;
  registers_.update(gc::SDMA0_QUEUE0_DOORBELL_OFFSET,
                    gc::SDMA0_QUEUE0_DOORBELL_OFFSET.offset(ring.doorbell * kDoorbellDwords));
  registers_.update(gc::SDMA0_QUEUE0_DOORBELL, gc::SDMA0_QUEUE0_DOORBELL.enable(1));
  registers_.write(gc::SDMA0_QUEUE0_MINOR_PTR_UPDATE, gc::SDMA0_QUEUE0_MINOR_PTR_UPDATE.enable(0));

  const auto& control = gc::SDMA0_QUEUE0_RB_CNTL;
  registers_.write(control, control.rb_enable(1) | control.rb_size(ring.dwords_log2) |
                                control.f32_wptr_poll_enable(1) | control.rptr_writeback_enable(1) |
                                control.rptr_writeback_timer(4) | control.rb_priv(1));
  registers_.update(gc::SDMA0_QUEUE0_IB_CNTL, gc::SDMA0_QUEUE0_IB_CNTL.ib_enable(1));
}

void CopyEngine::reset() {
  registers_.update(gc::SDMA0_F32_CNTL, gc::SDMA0_F32_CNTL.halt(1) |
                                            gc::SDMA0_F32_CNTL.th0_reset(1) |
                                            gc::SDMA0_F32_CNTL.th1_reset(1));
  disconnect();
}

void CopyEngine::disconnect() {
  registers_.update(gc::SDMA0_QUEUE0_RB_CNTL, gc::SDMA0_QUEUE0_RB_CNTL.rb_enable(0));
  registers_.update(gc::SDMA0_QUEUE0_IB_CNTL, gc::SDMA0_QUEUE0_IB_CNTL.ib_enable(0));
  registers_.update(gc::SDMA0_QUEUE0_DOORBELL, gc::SDMA0_QUEUE0_DOORBELL.enable(0));
  registers_.update(gc::SDMA0_QUEUE0_DOORBELL_OFFSET, gc::SDMA0_QUEUE0_DOORBELL_OFFSET.offset(0));
  registers_.write(gc::GRBM_SOFT_RESET, gc::GRBM_SOFT_RESET.soft_reset_sdma0(1));
  registers_.write(gc::GRBM_SOFT_RESET, 0);
}

}  // namespace redbolt::driver
