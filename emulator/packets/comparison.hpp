// The conditions on which engines wait. PM4's WAIT_REG_MEM.function and SDMA's POLL_REGMEM.func
// number them alike (pm4_enums.csv).
#pragma once

#include <cstdint>

namespace redbolt::emulator {

enum class Comparison : std::uint8_t {
  always = 0,
  less,
  less_or_equal,
  equal,
  not_equal,
  greater_or_equal,
  greater,
};
inline constexpr std::uint32_t comparison_count = 7;

// Whether `value` (already masked) stands in the relation to `reference`; unsigned.
constexpr bool holds(Comparison comparison, std::uint64_t value, std::uint64_t reference) {
  switch (comparison) {
    case Comparison::always:
      return true;
    case Comparison::less:
      return value < reference;
    case Comparison::less_or_equal:
      return value <= reference;
    case Comparison::equal:
      return value == reference;
    case Comparison::not_equal:
      return value != reference;
    case Comparison::greater_or_equal:
      return value >= reference;
    case Comparison::greater:
      return value > reference;
  }
  return false;
}

}  // namespace redbolt::emulator
