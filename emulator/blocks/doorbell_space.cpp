#include "blocks/doorbell_space.hpp"

#include <optional>

#include "blocks/register_address.hpp"
#include "redbolt/registers/nbio_4_3_0.hpp"

namespace redbolt::emulator {
namespace {

namespace nbio = registers::nbio;

constexpr RegisterAddress aperture_enable = address_of(nbio::RCC_DEV0_EPF0_RCC_DOORBELL_APER_EN);
constexpr RegisterAddress first_entry = address_of(nbio::S2A_DOORBELL_ENTRY_0_CTRL);
constexpr unsigned entries = 16;

// AWID of an S2A entry -> who listens. The numbers are those drivers write for these engines: 3 and
// 6 for the graphics block (CP), 0xe for SDMA, 0 for the interrupt handler.
constexpr struct {
  std::uint8_t awid;
  DoorbellTarget target;
} routes[] = {{0x3, DoorbellTarget::compute},
              {0x6, DoorbellTarget::compute},
              {0xe, DoorbellTarget::sdma},
              {0x0, DoorbellTarget::interrupt_handler}};

std::optional<DoorbellTarget> target_of(std::uint32_t awid) {
  for (const auto& route : routes) {
    if (route.awid == awid) return route.target;
  }
  return std::nullopt;
}

}  // namespace

DoorbellSpace::DoorbellSpace(RegisterSpace& registers, CounterRegistry& counters)
    : registers_(registers),
      rung_(counters.get("doorbells")),
      dropped_(counters.get("doorbells_dropped")) {}

void DoorbellSpace::connect(DoorbellTarget target, Handler handler) {
  handlers_[static_cast<std::size_t>(target)] = std::move(handler);
}

std::optional<DoorbellTarget> DoorbellSpace::route(std::uint32_t dword_index) const {
  // An entry with a range claims its doorbells; entries of size 0 take what nobody claims.
  const auto& fields = nbio::S2A_DOORBELL_ENTRY_0_CTRL;
  std::optional<DoorbellTarget> unclaimed;
  for (unsigned entry = 0; entry < entries; ++entry) {
    const std::uint32_t control = registers_.peek(first_entry + entry);
    if (!fields.s2a_doorbell_port0_enable.of(control)) continue;
    const auto target = target_of(fields.s2a_doorbell_port0_awid.of(control));
    const std::uint32_t first = fields.s2a_doorbell_port0_range_offset.of(control);
    const std::uint32_t size = fields.s2a_doorbell_port0_range_size.of(control);
    if (size == 0) {
      if (!unclaimed) unclaimed = target;
    } else if (dword_index >= first && dword_index - first < size) {
      return target;
    }
  }
  return unclaimed;
}

void DoorbellSpace::ring(const Doorbell& doorbell) {
  rung_.add();
  std::optional<DoorbellTarget> target;
  if (registers_.peek(aperture_enable) & 1) target = route(doorbell.dword_index);
  const Handler* handler = target ? &handlers_[static_cast<std::size_t>(*target)] : nullptr;
  if (handler && *handler) {
    (*handler)(doorbell);
  } else {
    dropped_.add();
  }
}

}  // namespace redbolt::emulator
