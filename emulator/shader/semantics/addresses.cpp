#include "semantics/addresses.hpp"

#include <algorithm>
#include <bit>

#include "semantics/rows.hpp"

namespace redbolt::emulator {
namespace {

constexpr unsigned line_shift = 7;  // 128-byte cache lines

// Gives disabled lanes the address of the first enabled one, so that whatever is done for all lanes
// at once stays where the enabled ones are.
void repeat_for_disabled(std::uint64_t* address, std::uint32_t exec) {
  if (exec == all_lanes) return;
  const std::uint64_t first = address[std::countr_zero(exec)];
  for (unsigned i = 0; i < lane_count; ++i) address[i] = (exec >> i & 1) != 0 ? address[i] : first;
}

}  // namespace

LaneAddresses global_addresses(const Wave& wave, const Instruction& instruction) {
  LaneAddresses result;
  const auto& vector = instruction.source[0];
  const auto& scalar = instruction.source[2];
  const auto immediate = static_cast<std::uint64_t>(std::int64_t{instruction.immediate});
  const std::uint32_t* low = wave.vgpr[vector.value].data();
  if (scalar.kind == OperandKind::sgpr) {
    const std::uint64_t base = wave.scalar64(scalar.value) + immediate;
    for (unsigned i = 0; i < lane_count; ++i) result.lane[i] = base + low[i];
  } else {
    const std::uint32_t* high = wave.vgpr[vector.value + 1].data();
    for (unsigned i = 0; i < lane_count; ++i) {
      result.lane[i] = (low[i] | std::uint64_t{high[i]} << 32) + immediate;
    }
  }
  repeat_for_disabled(result.lane, wave.exec());
  std::uint64_t lowest = result.lane[0];
  std::uint64_t highest = result.lane[0];
  for (unsigned i = 1; i < lane_count; ++i) {
    lowest = std::min(lowest, result.lane[i]);
    highest = std::max(highest, result.lane[i]);
  }
  result.lowest = lowest;
  result.highest = highest;
  return result;
}

void scratch_offsets(const Wave& wave, const Instruction& instruction, std::uint32_t* offsets) {
  const auto& vector = instruction.source[0];
  const auto& scalar = instruction.source[2];
  std::uint32_t base = static_cast<std::uint32_t>(instruction.immediate);
  if (scalar.kind == OperandKind::sgpr) base += wave.scalar[scalar.value];
  if (vector.kind == OperandKind::vgpr) {
    const std::uint32_t* low = wave.vgpr[vector.value].data();
    for (unsigned i = 0; i < lane_count; ++i) offsets[i] = base + low[i];
  } else {
    for (unsigned i = 0; i < lane_count; ++i) offsets[i] = base;
  }
}

Segment segment_of(const Wave& wave, std::uint64_t address) {
  const std::uint64_t upper = address >> 32;
  if (upper == wave.dispatch->shared_aperture >> 32) return Segment::shared;
  if (upper == wave.dispatch->private_aperture >> 32) return Segment::scratch;
  return Segment::global;
}

bool touches_apertures(const Wave& wave, const LaneAddresses& addresses) {
  const std::uint64_t shared = wave.dispatch->shared_aperture >> 32;
  const std::uint64_t scratch = wave.dispatch->private_aperture >> 32;
  bool found = false;
  for (const std::uint64_t address : addresses.lane) {
    found |= (address >> 32 == shared) | (address >> 32 == scratch);
  }
  return found;
}

void fail_memory(Wave& wave, const Instruction& instruction, std::uint64_t address,
                 const char* what) {
  const auto& info = opcode_table()[instruction.opcode];
  wave.fail(DispatchResult::Kind::memory_fault, address, std::string(info.mnemonic) + " " + what);
}

void count_access(Wave& wave, const MemoryPort::Page& page, const LaneAddresses& addresses,
                  std::uint32_t bytes_per_lane, bool write) {
  const auto active = static_cast<std::uint64_t>(std::popcount(wave.exec()));
  // Lanes in ascending order, as nearly all programs have them, touch each line once.
  std::uint64_t lines = 1;
  for (unsigned i = 1; i < lane_count; ++i) {
    lines += (addresses.lane[i] >> line_shift) != (addresses.lane[i - 1] >> line_shift) ? 1 : 0;
  }
  auto& counts = wave.counts;
  if (page.host_memory) {
    (write ? counts.host_bytes_written : counts.host_bytes_read) += active * bytes_per_lane;
    return;
  }
  (write ? counts.bytes_written : counts.bytes_read) += active * bytes_per_lane;
  (write ? counts.cache_lines_written : counts.cache_lines_read) += lines;
}

}  // namespace redbolt::emulator
