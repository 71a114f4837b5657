#include "host_interface.hpp"

#include "redbolt/registers/nbio_4_3_0.hpp"

namespace redbolt::driver {
namespace {

namespace nbio = registers::nbio;

// Which unit a doorbell entry forwards to (values of the reference boot): the write id of the
// command processor's and the copy engine's ports, and the aperture they share.
constexpr std::uint32_t kCommandProcessorPort = 3;
constexpr std::uint32_t kCommandProcessorPort2 = 6;
constexpr std::uint32_t kCopyEnginePort = 0xe;
constexpr std::uint32_t kDoorbellAperture = 3;

}  // namespace

void open_doorbells(RegisterFile& registers) {
  registers.update(nbio::RCC_DEV0_EPF2_STRAP2,
                   nbio::RCC_DEV0_EPF2_STRAP2.strap_no_soft_reset_dev0_f2(0));
  registers.write(nbio::RCC_DEV0_EPF0_RCC_DOORBELL_APER_EN,
                  nbio::RCC_DEV0_EPF0_RCC_DOORBELL_APER_EN.bif_doorbell_aper_en(1));
}

void route_compute_doorbells(RegisterFile& registers) {
  const auto& entry0 = nbio::S2A_DOORBELL_ENTRY_0_CTRL;
  registers.write(entry0, entry0.s2a_doorbell_port0_enable(1) |
                              entry0.s2a_doorbell_port0_awid(kCommandProcessorPort) |
                              entry0.s2a_doorbell_port0_awaddr_31_28_value(kDoorbellAperture));
  const auto& entry3 = nbio::S2A_DOORBELL_ENTRY_3_CTRL;
  registers.write(entry3, entry3.s2a_doorbell_port3_enable(1) |
                              entry3.s2a_doorbell_port3_awid(kCommandProcessorPort2) |
                              entry3.s2a_doorbell_port3_awaddr_31_28_value(kDoorbellAperture));
}

void route_copy_doorbells(RegisterFile& registers, unsigned first_doorbell) {
  constexpr std::uint32_t kDoorbellDwords = 2;
  constexpr std::uint32_t kRangeDwords = 4;
  const auto& entry = nbio::S2A_DOORBELL_ENTRY_2_CTRL;
  registers.write(
      entry, entry.s2a_doorbell_port2_enable(1) | entry.s2a_doorbell_port2_awid(kCopyEnginePort) |
                 entry.s2a_doorbell_port2_range_offset(first_doorbell * kDoorbellDwords) |
                 entry.s2a_doorbell_port2_range_size(kRangeDwords) |
                 entry.s2a_doorbell_port2_awaddr_31_28_value(kDoorbellAperture));
}

bool has_fatal_link_error(RegisterFile& registers) {
  const auto& control = nbio::BIF_BX0_BIF_DOORBELL_INT_CNTL;
  const std::uint32_t value = registers.read(control);
  return control.ras_cntlr_interrupt_status.of(value) != 0 ||
         control.ras_athub_err_event_interrupt_status.of(value) != 0;
}

}  // namespace redbolt::driver
