#include "redbolt/emulator/shader/counters.hpp"

namespace redbolt::emulator {

std::string_view name(InstructionClass value) {
  static constexpr std::string_view names[instruction_class_count] = {
      "salu",      "valu",       "valu_dot",    "wmma", "transcendental", "smem",
      "vmem_load", "vmem_store", "vmem_atomic", "lds",  "branch",         "message"};
  return names[static_cast<std::size_t>(value)];
}

std::uint64_t Counters::instructions() const {
  std::uint64_t sum = 0;
  for (const auto& count : wave_instructions) sum += count.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace redbolt::emulator
