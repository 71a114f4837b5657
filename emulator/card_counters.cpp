// The card's counters under the names that docs/emulator.md lists.
#include "card_state.hpp"

namespace redbolt::emulator {

std::map<std::string, std::uint64_t> CardState::counters() const {
  std::map<std::string, std::uint64_t> all = counters_.snapshot();
  const Counters& waves = shader_counters_;
  for (std::size_t i = 0; i < instruction_class_count; ++i) {
    const std::string name(emulator::name(static_cast<InstructionClass>(i)));
    all["wave_instructions." + name] = waves.wave_instructions[i];
  }
  all["wave_instructions"] = waves.instructions();
  all["vram_bytes_read"] = waves.bytes_read;
  all["vram_bytes_written"] = waves.bytes_written;
  all["cache_lines_read"] = waves.cache_lines_read;
  all["cache_lines_written"] = waves.cache_lines_written;
  all["scratch_bytes"] = waves.scratch_bytes;
  all["lds_accesses"] = waves.lds_accesses;
  all["workgroups"] = waves.workgroups;
  all["waves"] = waves.waves;
  return all;
}

}  // namespace redbolt::emulator
