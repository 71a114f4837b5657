// The power controller (SMU): a mailbox of numbered messages with one argument and one result.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "memory/memory_hub.hpp"
#include "memory/vram_window.hpp"
#include "redbolt/driver/card.hpp"
#include "register_file.hpp"

namespace redbolt::driver {

// Message and clock numbers of SMU 13.0.0 (card/smu_13_0_0_messages.csv of the reference tables).
enum class SmuMessage : std::uint32_t {
  get_smu_version = 2,
  enable_all_features = 6,
  set_driver_dram_address_high = 14,
  set_driver_dram_address_low = 15,
  transfer_table_to_dram = 18,
  set_soft_min_by_frequency = 25,
  set_soft_max_by_frequency = 26,
  get_dpm_frequency_by_index = 31,
};

enum class SmuClock : std::uint32_t { graphics = 0, soc = 1, memory = 2, fabric = 3 };

class PowerController {
 public:
  PowerController(RegisterFile& registers, VramWindow& window, const Framebuffer& framebuffer);

  // Sends one message and returns its result. Throws DriverError: timeout, command_refused.
  std::uint32_t send(SmuMessage message, std::uint32_t argument);

  void set_table_address();  // where tables are exchanged
  void enable_features();

  // Reads the levels of each clock this driver sets.
  void read_levels();
  // Pins the clocks to their highest or lowest level; read_levels() first.
  void raise_clocks();
  void lower_clocks();
  // The highest level in MHz, 0 if unknown.
  unsigned top_frequency(SmuClock clock) const;

  Metrics metrics();

  // Mode-1 reset through the debug mailbox: resets the whole card but the link. Returns when the
  // controller has accepted; the caller waits for the card to come back.
  void request_reset();

 private:
  struct Levels {
    SmuClock clock;
    std::vector<unsigned> megahertz;  // ascending
  };
  void pin(SmuClock clock, unsigned megahertz);

  RegisterFile& registers_;
  VramWindow& window_;
  Framebuffer framebuffer_;
  std::vector<Levels> levels_;
};

}  // namespace redbolt::driver
