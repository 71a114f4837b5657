#include "blocks/rlc.hpp"

#include <chrono>

#include "blocks/register_address.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::emulator {
namespace {

namespace gc = registers::gc;
using namespace std::chrono_literals;

constexpr auto bootload_latency = 5ms;
constexpr auto safe_mode_latency = 20us;
constexpr RegisterAddress bootload_status = address_of(gc::RLC_RLCS_BOOTLOAD_STATUS);
constexpr RegisterAddress safe_mode = address_of(gc::RLC_SAFE_MODE);
constexpr RegisterAddress cp_stat = address_of(gc::CP_STAT);
constexpr RegisterAddress grbm_status = address_of(gc::GRBM_STATUS);

}  // namespace

Rlc::Rlc(RegisterSpace& registers, TimedWorker& worker, std::function<bool()> graphics_busy)
    : registers_(registers), worker_(worker) {
  registers_.on_write(safe_mode, 1, [this](const RegisterWrite& w) {
    if (!gc::RLC_SAFE_MODE.cmd.of(w.value)) return;
    worker_.after(safe_mode_latency,
                  [this] { registers_.update(safe_mode, gc::RLC_SAFE_MODE.cmd.mask(), 0); });
  });
  registers_.on_write(bootload_status, 1,
                      [this](const RegisterWrite& w) { registers_.poke(w.address, w.previous); });
  registers_.on_read(cp_stat, 1, [graphics_busy](RegisterAddress, Selection) {
    return graphics_busy() ? gc::CP_STAT.cp_busy(1).bits : 0u;
  });
  registers_.on_read(grbm_status, 1, [graphics_busy](RegisterAddress, Selection) {
    return graphics_busy() ? (gc::GRBM_STATUS.gui_active(1) | gc::GRBM_STATUS.cp_busy(1)).bits : 0u;
  });
}

void Rlc::start() {
  worker_.after(bootload_latency, [this] {
    const auto& status = gc::RLC_RLCS_BOOTLOAD_STATUS;
    registers_.poke(bootload_status, (status.gfx_init_done(1) | status.rlc_gpm_iram_loaded(1) |
                                      status.rlc_gpm_iram_done(1) | status.bootload_complete(1))
                                         .bits);
  });
}

}  // namespace redbolt::emulator
