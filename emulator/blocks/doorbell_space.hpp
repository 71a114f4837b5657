// BAR2: doorbells on their way from the bus to an engine. A doorbell passes when the aperture is
// open (RCC_DOORBELL_APER_EN) and an enabled S2A_DOORBELL_ENTRY covers its index; the entry's AWID
// names the engine. What does not pass is dropped and counted ("doorbells_dropped"). Threads:
// connect() while the card is built; ring() from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>

#include "blocks/register_space.hpp"
#include "counters.hpp"

namespace redbolt::emulator {

enum class DoorbellTarget : std::uint8_t { compute, sdma, interrupt_handler };

struct Doorbell {
  std::uint32_t dword_index = 0;  // byte offset in BAR2 / 4 (a 64-bit doorbell has an even one)
  std::uint64_t value = 0;
  unsigned width = 8;  // bytes written: 4 or 8
};

class DoorbellSpace {
 public:
  using Handler = std::function<void(const Doorbell&)>;

  DoorbellSpace(RegisterSpace& registers, CounterRegistry& counters);

  // The handler is called on the host's thread and must not block (wake the engine's thread).
  void connect(DoorbellTarget target, Handler handler);

  void ring(const Doorbell& doorbell);

 private:
  std::optional<DoorbellTarget> route(std::uint32_t dword_index) const;

  RegisterSpace& registers_;
  std::array<Handler, 3> handlers_;
  Counter& rung_;
  Counter& dropped_;
};

}  // namespace redbolt::emulator
